/* It stays stopped until somebody lets it go on. */
/* @args: -q -w */
/* @cmd: /bin/sleep 0.1 */
syscall::clock_nanosleep:entry
/pid == $target/
{
	stop();
	printf("fired\n");
	system("grep State /proc/%d/status; kill -CONT %d", pid, pid);
}
