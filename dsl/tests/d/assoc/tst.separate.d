/* Arrays of the same keys are separate. */
BEGIN
{
	a["k"] = 1; b["k"] = 2;
	a["k"] += b["k"];
	printf("%d %d\n", a["k"], b["k"]);
	exit(0);
}
