/* Buffers and buffering: a script that says itself how much it wants to keep, and how often it is read. */
#pragma D option quiet
#pragma D option bufsize=64k
#pragma D option bufpolicy=switch
#pragma D option switchrate=50hz
#pragma D option bufresize=manual

BEGIN
{
	printf("kept\n");
	exit(0);
}
