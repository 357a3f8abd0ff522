/* A static tracepoint with typed arguments. */
/* @cmd: /bin/sh -c /bin/true;: */
sdt:sched::sched_process_exec
/ppid == $target && stringof(args[2]->filename) == "/bin/true"/
{
	printf("%d %d %s\n", args[0]->tgid == pid, args[1] == pid, stringof(args[0]->comm));
}
