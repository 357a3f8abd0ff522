/* Introduction: entry and return of the same call, with what was asked for and what came of it. */
/* @cmd: /bin/cat /dev/null /nonexistent */
/* @err: No such file */
int told;

syscall::write:entry
/pid == $target && !told/
{
	printf("%s(%d, %s)", probefunc, arg0, arg2 > 0 ? "bytes" : "nothing");
	self->in = 1;
	told = 1;
}

syscall::write:return
/self->in/
{
	printf(" = %s\n", arg1 > 0 ? "some" : "none");
	self->in = 0;
}
