/* The parts of a syscall probe's name. */
/* @cmd: /bin/true */
syscall::exit_group:entry
/pid == $target/
{
	printf("%s:%s:%s:%s\n", probeprov, probemod, probefunc, probename);
}
