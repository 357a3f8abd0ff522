/* END prints what all clauses gathered. */
BEGIN
{
	@["x"] = count();
	@["x"] = count();
	exit(0);
}

END
{
	printf("total\n");
	printa("%s %@d\n", @);
}
