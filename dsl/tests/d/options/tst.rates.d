/* How often what is done: said in any unit, without effect on what comes of it. */
/* @args: -q -x temporal -x cleanrate=50hz -x statusrate=2s -x aggrate=20ms -x bufresize=auto */
BEGIN
{
	@["count"] = count();
	printf("first\n");
}

tick-5ms
/++n == 3/
{
	@["count"] = count();
	exit(0);
}
