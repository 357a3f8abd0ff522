/* inet_ntop with a family that is known when it runs; another one is an illegal operation. */
int family;

BEGIN
{
	this->a = (char *)alloca(16);
	this->a[0] = 127;
	this->a[3] = 1;
	family = 2;
	printf("%s\n", inet_ntop(family, this->a));
	family = 10;
	printf("%s\n", inet_ntop(family, this->a));
	this->a[0] = 0;
	this->a[3] = 0;
	this->a[10] = 0xff;
	this->a[11] = 0xff;
	this->a[12] = 10;
	printf("%s\n", inet_ntop(family, this->a));
}

BEGIN { exit(0); }
