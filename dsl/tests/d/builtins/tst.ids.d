/* Numbers of the process that traces, as the macros have them. */
BEGIN
{
	printf("%d %d %d %d\n", pid == $pid, ppid == $ppid, uid == $uid, gid == $gid);
	exit(0);
}
