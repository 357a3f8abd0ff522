/* A string that is cut, a token as long as there can be one. */
#pragma D option strsize=8

BEGIN
{
	printf("[%s]", strtok("abcdefg", ","));
	printf("[%s]", strtok("abcdefghij,x", ","));
	printf(" %d\n", strtok(NULL, ",") == NULL);
	exit(0);
}
