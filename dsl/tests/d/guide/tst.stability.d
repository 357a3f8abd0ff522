/* Stability, versioning: attributes and bindings are said of names, and change nothing else. */
#pragma D attributes Evolving/Evolving/Common factor
#pragma D binding "1.2" factor
#pragma D depends_on provider syscall
inline int factor = 6;

BEGIN
{
	printf("%d\n", factor * 7);
	exit(0);
}
