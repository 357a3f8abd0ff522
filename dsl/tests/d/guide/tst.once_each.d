/* Performance: a predicate of the thread's own that is mostly false, and a count instead of a line for each. */
/* @cmd: /bin/true */
syscall::brk:entry
/pid == $target/
{
	self->follow = 1;
}

syscall:::entry
/self->follow/
{
	calls++;
}

syscall::exit_group:entry
/self->follow/
{
	self->follow = 0;
	printf("more than one call: %d\n", calls > 1);
}
