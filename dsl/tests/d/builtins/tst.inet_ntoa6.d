/* Addresses of IPv6, as RFC 5952 writes them. */
/* The run of zeros that is left out is the first of the longest. */

BEGIN
{
	this->a = (char *)alloca(16);
	printf("%s\n", inet_ntoa6(this->a));
	this->a[15] = 1;
	printf("%s\n", inet_ntoa6(this->a));
	this->a[0] = 0x20; this->a[1] = 0x01; this->a[2] = 0x0d; this->a[3] = 0xb8;
	printf("%s %s\n", inet_ntoa6(this->a), inet_ntop(10, this->a));
	this->a[8] = 1;
	printf("%s\n", inet_ntoa6(this->a));
	this->a[6] = 0xab;
	printf("%s\n", inet_ntoa6(this->a));
	exit(0);
}
