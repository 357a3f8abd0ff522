/* Digits beyond strsize are cut off. */
#pragma D option strsize=8

BEGIN
{
	printf("%s %s %s\n", lltostr(1234567), lltostr(12345678), lltostr(-1234567));
	exit(0);
}
