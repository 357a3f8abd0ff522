/* Network byte order and back. */
BEGIN
{
	this->h = (uint16_t)0x1234; this->l = (uint32_t)0x12345678; this->q = 0x123456789abcdef0;
	printf("%x %x %x\n", htons(this->h), htonl(this->l), htonll(this->q));
	printf("%x %x %x\n", ntohs(htons(this->h)), ntohl(htonl(this->l)), ntohll(htonll(this->q)));
	exit(0);
}
