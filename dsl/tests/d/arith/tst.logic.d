/* &&, || and ^^ give 0 or 1 whatever their operands are. */
BEGIN
{
	this->t = 7; this->u = -2; this->f = 0;
	printf("%d %d %d\n", this->t && this->u, this->t && this->f, this->f && this->t);
	printf("%d %d %d\n", this->t || this->f, this->f || this->u, this->f || this->f);
	printf("%d %d %d %d\n", this->t ^^ this->u, this->t ^^ this->f, this->f ^^ this->t, this->f ^^ this->f);
	exit(0);
}
