/* Strings of the traced process: execve's path. */
/* @cmd: /bin/sh -c /bin/true;: */
syscall::execve:entry
/ppid == $target && copyinstr(arg0) == "/bin/true"/
{
	printf("%s\n", copyinstr(arg0));
	printf("%s\n", copyinstr(arg0, 5));
}
