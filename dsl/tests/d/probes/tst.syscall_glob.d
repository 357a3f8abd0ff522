/* One clause for several calls. */
/* @cmd: /bin/true */
syscall::exit*:entry,
syscall::execve:return
/pid == $target/
{
	printf("%s:%s\n", probefunc, probename);
}
