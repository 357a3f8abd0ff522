/* String keys count by their bytes. */
BEGIN
{
	a["x"] = 1; a["xx"] = 2; a[""] = 3;
	this->k = strjoin("x", "x");
	printf("%d %d %d %d\n", a["x"], a[this->k], a[""], a["y"]);
	exit(0);
}
