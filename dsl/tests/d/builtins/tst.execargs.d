/* The arguments of the process, as one text. What the process itself prints is out by then. */
/* @cmd: /bin/echo one two  three */
syscall::exit_group:entry
/pid == $target/
{
	printf("%s|%s\n", execargs, curpsinfo->pr_psargs);
	exit(0);
}
