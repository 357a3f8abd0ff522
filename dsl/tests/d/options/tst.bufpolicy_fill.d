/* Tracing ends when the buffer is full; what is in it is printed at the end, and END's records have room. */
/* @args: -q -x bufpolicy=fill -x bufsize=4k */
int n;

tick-1ms
/n < 100000/
{
	n++;
	printf("%d ", n);
}

tick-120s
{
	exit(1);
}

END
{
	printf("end\n");
}
