/* The arguments of the process, as one text. */
/* @cmd: /bin/echo one two  three */
syscall::write:entry
/pid == $target/
{
	printf("%s|%s\n", execargs, curpsinfo->pr_psargs);
	exit(0);
}
