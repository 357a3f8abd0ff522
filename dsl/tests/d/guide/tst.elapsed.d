/* Variables: a thread's own variable carries the time of the entry to the return; it is zero again afterwards. */
/* @cmd: /bin/true */
syscall::execve:return,
syscall::brk:entry
/pid == $target/
{
	self->t = timestamp;
}

syscall::brk:return
/self->t && timestamp >= self->t/
{
	@["went forward"] = count();
	self->t = 0;
	again = self->t;
}

END
{
	normalize(@, 1);
	printf("left over: %d\n", again);
	trunc(@);
}
