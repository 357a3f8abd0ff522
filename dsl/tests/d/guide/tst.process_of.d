/* Translators: what is known of a process in the same words everywhere. */
BEGIN
{
	printf("%d %d %d\n", curpsinfo->pr_pid == pid, curpsinfo->pr_ppid == ppid, curpsinfo->pr_fname == execname);
	printf("%d %d\n", curlwpsinfo->pr_lwpid == tid, curcpu->cpu_id == cpu);
	exit(0);
}
