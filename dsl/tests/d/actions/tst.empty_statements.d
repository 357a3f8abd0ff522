/* Empty statements do nothing. */
BEGIN
{
	;;
	printf("x\n");;
	exit(0);
}
