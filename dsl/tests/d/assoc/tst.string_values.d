/* Elements that are strings. */
BEGIN
{
	a[1] = "one"; a[2] = "two";
	a[3] = strjoin(a[1], a[2]);
	a[1] = "uno";
	printf("%s %s %s\n", a[1], a[2], a[3]);
	printf("%d\n", a[2] == "two");
	exit(0);
}
