/* Only one CPU is traced, and what fires there is of that one. */
/* @args: -q -x cpu=0 */
profile-499
{
	@[cpu] = count();
	n++;
}

profile-499
/n > 20/
{
	exit(0);
}

END
{
	printa("cpu %d\n", @);
}
