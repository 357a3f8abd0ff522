/* Translators: one structure seen as another; only the member that is named is computed. */
struct raw { int code; int unit; };
typedef struct shown { string kind; int amount; } shown_t;

translator shown_t < struct raw *R > {
	kind = R->code == 1 ? "seconds" : "bytes";
	amount = R->code == 1 ? R->unit * 60 : R->unit;
};

BEGIN
{
	this->r = (struct raw *)alloca(sizeof (struct raw));
	this->r->code = 1;
	this->r->unit = 2;
	printf("%d %s\n", xlate <shown_t *> (this->r)->amount, xlate <shown_t *> (this->r)->kind);
	this->r->code = 2;
	printf("%d %s\n", xlate <shown_t *> (this->r)->amount, xlate <shown_t *> (this->r)->kind);
	exit(0);
}
