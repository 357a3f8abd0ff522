/* 0 in a thread; a timer's probe is in an interrupt, a hard one or more. */
/* @needs: = &`__per_cpu_offset, = curthread->stack */
syscall:::entry
{
	calls++;
	wrong += ipl != 0;
}

tick-50hz
/calls > 100/
{
	printf("%d %d\n", wrong, ipl >= 2);
	exit(0);
}
