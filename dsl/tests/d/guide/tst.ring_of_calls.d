/* Buffers and buffering: a ring buffer keeps what came last, and what came last is printed when all is over. */
/* @args: -q -x bufpolicy=ring -x bufsize=16k */
/* @cmd: /bin/true */
syscall:::entry
/pid == $target/
{
	printf("%s", probefunc == "exit_group" ? "the last call\n" : "");
}

syscall::exit_group:entry
/pid == $target/
{
	done = 1;
}

END
{
	printf("seen to the end: %d\n", done);
}
