/* Twelve strings in one record. */
BEGIN
{
	this->a = "abcdefghij";
	printf("%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,\n", substr(this->a, 0), substr(this->a, 1), substr(this->a, 2), substr(this->a, 3), substr(this->a, 4), substr(this->a, 5), substr(this->a, 6), substr(this->a, 7), substr(this->a, 8), substr(this->a, 9), substr(this->a, 0), substr(this->a, 1));
	exit(0);
}
