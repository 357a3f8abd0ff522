/* The process as scripts from elsewhere ask for it. */
/* @cmd: /bin/true */
syscall::exit_group:entry
/pid == $target/
{
	printf("%d %d %s\n", curpsinfo->pr_pid == pid, curpsinfo->pr_ppid == ppid, curpsinfo->pr_fname);
	printf("%d %d %d\n", curpsinfo->pr_uid == uid, curpsinfo->pr_gid == gid, curpsinfo->pr_nlwp);
	printf("%d %d\n", curpsinfo->pr_sid == $sid, curpsinfo->pr_addr == (uintptr_t)curthread);
	printf("%d %d\n", curlwpsinfo->pr_lwpid == tid, curlwpsinfo->pr_addr == (uintptr_t)curthread);
	printf("%d %d\n", curlwpsinfo->pr_onpro == cpu, curcpu->cpu_id == cpu);
}
