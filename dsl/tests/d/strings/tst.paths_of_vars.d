/* Path subroutines on what is computed. */
string p;

BEGIN
{
	p = strjoin("/usr/lib", "/libc.so");
	printf("%s %s %s\n", basename(p), dirname(p), basename(dirname(p)));
	exit(0);
}
