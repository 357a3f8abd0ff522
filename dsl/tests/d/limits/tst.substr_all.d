/* Positions that are computed. */
BEGIN
{
	this->s = "abcdefghij"; this->i = 2; this->n = 3;
	printf("%s %s %s\n", substr(this->s, this->i, this->n), substr(this->s, -this->i, this->n), substr(this->s, this->i - 5, -this->n + 1));
	exit(0);
}
