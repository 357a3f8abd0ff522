/* As -F. */
/* @args: -x flowindent */
/* @cmd: /bin/true */
syscall::exit_group:entry
/pid == $target/
{
	trace("going");
}
