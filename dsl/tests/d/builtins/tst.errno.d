/* errno is that of the system call, at its return. Several times: a firing may be left out where the CPU is taken away. */
/* @cmd: /bin/cat /nonexistent/file /nonexistent/file /nonexistent/file /nonexistent/file /nonexistent/file /nonexistent/file */
/* @err: ^ */
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
	exit(0);
}
