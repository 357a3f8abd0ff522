/* Static probes: the scheduler's switch, by what it switches to. */
/* @cmd: /bin/sleep 0.05 */
sdt:sched::sched_switch
/args[1]->tgid == $target || args[2]->tgid == $target/
{
	@[args[1]->tgid == $target ? "off" : "on"] = count();
	switched = 1;
}

END
{
	trunc(@);
	printf("switched: %d\n", switched);
}
