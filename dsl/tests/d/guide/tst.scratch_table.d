/* Subroutines: scratch as a small table, filled and read again within one firing. */
struct row { int key; int squared; };

BEGIN
{
	this->t = (struct row *)alloca(3 * sizeof(struct row));
	this->t[0].key = 2;
	this->t[1].key = 5;
	this->t[2].key = 9;
	this->t[0].squared = this->t[0].key * this->t[0].key;
	this->t[1].squared = this->t[1].key * this->t[1].key;
	this->t[2].squared = this->t[2].key * this->t[2].key;
	printf("%d %d %d\n", this->t->squared, (this->t + 1)->squared, this->t[2].squared);
	printf("%d\n", (int)(&this->t[2] - this->t));
	exit(0);
}
