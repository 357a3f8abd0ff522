/* errno is that of the system call, at its return. */
/* @cmd: /bin/ls --color=never /nonexistent/ */
syscall::openat:entry
/pid == $target && strstr(copyinstr(arg1), "/nonexistent/") != NULL/
{
	self->mine = 1;
}

syscall::openat:return
/self->mine/
{
	printf("%d %d\n", (int)arg0, errno);
	self->mine = 0;
}
