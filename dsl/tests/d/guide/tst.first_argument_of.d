/* Scripting: the same script for any call, which is named by an argument, with quotes around it or without. */
/* @args: -q -- exit_group 1 */
/* @cmd: /bin/false */
syscall::$1:entry
/pid == $target && arg0 == $2/
{
	printf("%s(%d) is %s\n", probefunc, arg0, $$1);
}
