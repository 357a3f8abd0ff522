/* Pointers and built-in variables as keys. */
BEGIN
{
	a[curthread] = 4;
	a[(struct task_struct *)0] = 5;
	b[pid, tid] = 6;
	printf("%d %d %d %d\n", a[curthread], a[0], b[pid, tid], b[pid, 0]);
	exit(0);
}
