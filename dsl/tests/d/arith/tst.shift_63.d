/* The farthest shift. */
BEGIN
{
	this->one = 1LL; this->by = 63;
	printf("%d\n", this->one << this->by);
	printf("%d\n", (this->one << this->by) >> this->by);
	printf("%x\n", (uint64_t)(this->one << this->by));
	exit(0);
}
