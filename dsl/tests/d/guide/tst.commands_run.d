/* Actions: destructive ones need -w; a shell's command in the midst of the output, made by a format. */
#pragma D option destructive
#pragma D option quiet

int said;

tick-1ms
{
	said++;
	system("echo round %d", said);
}

tick-1ms
/said == 3/
{
	exit(0);
}
