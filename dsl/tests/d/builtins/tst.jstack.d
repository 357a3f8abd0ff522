/* jstack() is ustack() with defaults of its own: as keys the two are one. */
/* @args: -q -x jstackframes=3 */
/* @cmd: /bin/true */
/* @err: ^ */
syscall::exit_group:entry
/pid == $target/
{
	@s[ustack(3)] = count();
	@s[jstack()] = count();
	@s[jstack(3, 64)] = count();
	exit(0);
}

END { printa("%@d\n", @s); }
