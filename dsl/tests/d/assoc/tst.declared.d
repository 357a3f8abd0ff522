/* A declared array. */
char a[string, int];
string b[string];

BEGIN
{
	a["x", 2] = 300;
	b["y"] = "why";
	printf("%d %s\n", a["x", 2], b["y"]);
	exit(0);
}
