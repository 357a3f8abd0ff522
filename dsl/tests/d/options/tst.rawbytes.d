/* What looks like text is shown as bytes all the same. */
/* @args: -q -x rawbytes */
char text[8];

BEGIN
{
	text[0] = 'D';
	text[1] = 't';
	trace(text);
	exit(0);
}
