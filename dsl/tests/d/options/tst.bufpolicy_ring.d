/* A ring keeps the newest records, and prints them at the end: of 300 of 16 bytes those that 4 KB hold. (All from one timer, on one CPU: each has a buffer.) */
/* @args: -q -x bufpolicy=ring -x bufsize=4k */
int n;

BEGIN
{
	n = 0;
}

tick-1ms
/n < 300/
{
	n++;
	printf("%d ", n);
}

tick-1ms
/n == 300/
{
	exit(0);
}
