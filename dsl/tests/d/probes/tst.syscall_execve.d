/* execve returns 0 in the new program. */
/* @cmd: /bin/sh -c /bin/true;: */
syscall::execve:entry
/ppid == $target && copyinstr(arg0) == "/bin/true"/
{
	self->mine = 1;
}

syscall::execve:return
/self->mine/
{
	printf("%s %d %d\n", execname, arg0, errno);
	self->mine = 0;
}
