/* The running task. */
BEGIN
{
	printf("%d %d %d\n", curthread != NULL, curthread->tgid == pid, curthread->pid == tid);
	printf("%d\n", stringof(curthread->comm) == execname);
	exit(0);
}
