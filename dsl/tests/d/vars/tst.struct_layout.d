/* Members of a declared struct through a pointer are typed by the declaration. */
struct item { char tag; int n; struct item *next; };

BEGIN
{
	this->p = (struct item *)0x1000;
	printf("%x %x %d\n", (uint64_t)&this->p->n, (uint64_t)&this->p->next, sizeof (this->p->n));
	exit(0);
}
