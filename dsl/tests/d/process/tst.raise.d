/* The process that fires gets the signal: it does not sleep on. */
/* @args: -q -w */
/* @cmd: /bin/sleep 60 */
syscall::clock_nanosleep:entry
/pid == $target/
{
	raise(9);
	printf("raised\n");
}
