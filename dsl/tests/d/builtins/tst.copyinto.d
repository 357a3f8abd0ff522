/* User memory into scratch. It is shown at the end: what the process itself prints is out by then. */
/* @cmd: /bin/echo copied */
syscall::write:entry
/pid == $target && arg0 == 1/
{
	this->p = (char *)alloca(arg2 + 1);
	copyinto(arg1, arg2, this->p);
	whole = stringof(this->p);
	this->q = (char *)alloca(4);
	copyinto(arg1, 3, this->q);
	part = stringof(this->q);
}

syscall::exit_group:entry
/pid == $target/
{
	printf("%s%s\n", whole, part);
}
