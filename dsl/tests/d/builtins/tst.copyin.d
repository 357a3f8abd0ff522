/* Bytes of the traced process. */
/* @cmd: /bin/sh -c /bin/true;: */
syscall::execve:entry
/ppid == $target && copyinstr(arg0) == "/bin/true"/
{
	this->p = (char *)copyin(arg0, 10);
	printf("%c%c%c %s\n", this->p[0], this->p[1], this->p[8], stringof(this->p));
}
