/* Versioning: a script that says which D it was written for; what came later is free for its own names. */
#pragma D option version=1.5
#pragma D option quiet

int strtoll;

BEGIN
{
	strtoll = 6;
	printf("%d\n", strtoll + 1);
	exit(0);
}
