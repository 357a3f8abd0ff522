/* Introduction: which calls a process makes, by name. */
/* @cmd: /bin/true */
syscall:::entry
/pid == $target && (probefunc == "execve" || probefunc == "exit_group")/
{
	@num[probefunc] = count();
}
