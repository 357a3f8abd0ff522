/* Destructive actions: a process is stopped where it is seen, and goes on when told. */
/* @args: -q -w */
/* @cmd: /bin/sleep 60 */
syscall::clock_nanosleep:entry
/pid == $target/
{
	printf("%s gets %d\n", execname, 15);
	raise(15);
}
