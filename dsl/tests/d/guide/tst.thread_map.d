/* Variables: curthread is the kernel's own description of the thread. */
BEGIN
{
	printf("%d %d %s\n", curthread->tgid == pid, curthread->pid == tid, stringof(curthread->comm));
	printf("%d\n", curthread->real_parent->tgid == ppid);
	exit(0);
}
