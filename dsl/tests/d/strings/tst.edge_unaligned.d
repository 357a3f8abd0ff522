/* At odd addresses everything is as anywhere else. */
BEGIN
{
	this->p = (char *)alloca(32);
	this->q = this->p + 1;
	*(uint64_t *)this->q = 0x1122334455667788;
	printf("%x %x %x %x\n", *(uint64_t *)this->q, *(uint32_t *)(this->q + 2), *(uint16_t *)(this->q + 6), *(char *)this->q);
	*(uint16_t *)(this->p + 3) = 0xffee;
	printf("%x\n", *(uint64_t *)this->q);
	*(uint32_t *)this->q = htonl(0x7f000001);
	printf("%s %s\n", inet_ntoa((ipaddr_t *)this->q), inet_ntop(2, this->q));
	this->q[15] = 1;
	printf("%s\n", inet_ntoa6((void *)this->q));
	printf("%s\n", link_ntop(1, this->q));
	bcopy("odd", this->p + 5, 4);
	printf("[%s] %d [%s]\n", stringof(this->p + 5), strlen(this->p + 6), strjoin(this->p + 7, this->p + 5));
	printf("%x\n", memref(this->q, 3)[1]);
	exit(0);
}
