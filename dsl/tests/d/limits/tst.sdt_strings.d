/* Strings and aggregations on a busy tracepoint. */
int n;
sdt:sched::sched_switch
/n < 5/
{
	n++;
	this->a = stringof(args[1]->comm);
	this->b = stringof(args[2]->comm);
	@[strjoin(strjoin(this->a, ">"), this->b), args[1]->pid == tid] = quantize(args[2]->prio);
}
tick-10ms /n >= 5/ { trunc(@); printf("five\n"); exit(0); }
