/* More values at once than there are registers. */
BEGIN
{
	this->a = 1; this->b = 2; this->c = 3; this->d = 4; this->e = 5; this->f = 6; this->g = 7; this->h = 8;
	printf("%d\n", (this->a + this->b) * (this->c + this->d) - (this->e + this->f) * (this->g + (this->h - (this->a - (this->b - (this->c - (this->d - this->e)))))));
	printf("%d\n", this->a + (this->b + (this->c + (this->d + (this->e + (this->f + (this->g + this->h)))))));
	exit(0);
}
