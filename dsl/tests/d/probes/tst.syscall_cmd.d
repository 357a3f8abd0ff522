/* System calls of a command, from its first instruction to its end; it is held until tracing is on. */
/* @cmd: /bin/true */
int first;

syscall:::entry
/pid == $target && !first/
{
	first = 1;
	printf("first %s %d\n", probefunc, arg0);
}

syscall::exit_group:entry
/pid == $target/
{
	printf("exit %d\n", arg0);
}
