/* System calls of a command: its own, by $target. */
/* @cmd: /bin/true */
syscall::execve:return
/pid == $target/
{
	printf("exec %d %d\n", arg0, errno);
}

syscall::exit_group:entry
/pid == $target/
{
	printf("exit %d\n", arg0);
}
