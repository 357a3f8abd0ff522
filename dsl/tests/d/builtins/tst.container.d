/* Linux's own: the thread's cgroup and its numbers as its namespace has them. */
/* @needs: = curthread->thread_pid */
BEGIN
{
	printf("%d %d %d %d\n", nspid > 0 && nspid <= pid, nstid > 0 && nstid <= tid, pidns != 0, cgroupid != 0);
	printf("%d\n", strlen(cgroup) < 256);
	exit(0);
}
