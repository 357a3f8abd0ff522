/* Joins within joins. */
BEGIN
{
	this->a = "x";
	printf("%s\n", strjoin(strjoin(strjoin(strjoin(strjoin(strjoin(strjoin(strjoin(strjoin(strjoin("x", "a"), "b"), "c"), "d"), "e"), "f"), "g"), "h"), "i"), "j"));
	exit(0);
}
