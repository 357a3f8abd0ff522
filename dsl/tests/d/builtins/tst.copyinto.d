/* User memory into scratch. */
/* @cmd: /bin/echo copied */
syscall::write:entry
/pid == $target && arg0 == 1/
{
	this->p = (char *)alloca(arg2 + 1);
	copyinto(arg1, arg2, this->p);
	printf("%s", stringof(this->p));
	this->q = (char *)alloca(4);
	copyinto(arg1, 3, this->q);
	printf("%s\n", stringof(this->q));
}
