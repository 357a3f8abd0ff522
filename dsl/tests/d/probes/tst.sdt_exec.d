/* A static tracepoint with typed arguments. */
/* @cmd: /bin/true */
sdt:sched::sched_process_exec
/pid == $target/
{
	printf("%d %s\n", args[0]->tgid == pid, stringof(args[2]->filename));
}
