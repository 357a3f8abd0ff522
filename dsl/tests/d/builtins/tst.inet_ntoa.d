/* Addresses are in network order. */
BEGIN
{
	this->a = (uint32_t *)alloca(4);
	printf("%s ", inet_ntoa(this->a));
	*this->a = htonl(0xc0a80001);
	printf("%s %s ", inet_ntoa(this->a), inet_ntop(2, this->a));
	*this->a = 0xffffffff;
	printf("%s\n", inet_ntop(2, this->a));
	exit(0);
}
