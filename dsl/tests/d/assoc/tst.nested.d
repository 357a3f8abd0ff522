/* An element as key of another. */
BEGIN
{
	a["x"] = 3;
	b[3] = 30;
	c[30] = "deep";
	printf("%d %s\n", b[a["x"]], c[b[a["x"]]]);
	exit(0);
}
