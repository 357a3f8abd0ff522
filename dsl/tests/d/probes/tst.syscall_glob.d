/* One clause for several calls. */
/* @cmd: /bin/true */
syscall::exit_gro?p:entry,
syscall::[b]rk:return
/pid == $target/
{
	@[probefunc, probename] = max(1);
}
