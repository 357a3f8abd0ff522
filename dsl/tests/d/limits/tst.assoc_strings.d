/* String keys and string values together. */
BEGIN
{
	a["one", "two"] = strjoin("three", "four");
	a["one", a["one", "two"]] = "five";
	printf("%s %s\n", a["one", "threefour"], a["one", "two"]);
	exit(0);
}
