/* errno is that of the system call, at its return; arg0 is what the kernel returned. */
/* @cmd: /bin/cat /nonexistent/file */
/* @err: cat: .*nonexistent.file.?: No such file */
syscall::openat:entry
/pid == $target && copyinstr(arg1) == "/nonexistent/file"/
{
	self->mine = 1;
}

syscall::openat:return
/self->mine/
{
	printf("%d\n", errno);
	self->mine = 0;
}
