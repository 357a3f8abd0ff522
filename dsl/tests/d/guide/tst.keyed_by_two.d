/* Variables: an array whose keys are of two types. */
BEGIN
{
	a[123, "hello"] = 456;
	a[123, "world"] += 2;
	a[124, "hello"]--;
	printf("%d %d %d %d\n", a[123, "hello"], a[123, "world"], a[124, "hello"], a[1, "none"]);
	exit(0);
}
