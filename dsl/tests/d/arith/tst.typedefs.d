/* A typedef is the type that it names. */
typedef unsigned char tiny;
tiny x;

BEGIN
{
	x = 260;
	printf("%d %d\n", x, sizeof (tiny));
	exit(0);
}
