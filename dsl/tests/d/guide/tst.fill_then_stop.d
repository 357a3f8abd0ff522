/* Buffers and buffering: with the policy fill the first records are kept, and tracing ends when there is no room for more. */
/* @args: -q -x bufpolicy=fill -x bufsize=64 */
int n;

tick-1ms
{
	printf("%d\n", n++);
}

tick-120s
{
	exit(1);
}
