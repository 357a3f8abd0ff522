/* As -F. */
/* @args: -x flowindent */
/* @cmd: /bin/true */
/* @err: has exited */
syscall::exit_group:entry
/pid == $target/
{
	trace("going");
}
