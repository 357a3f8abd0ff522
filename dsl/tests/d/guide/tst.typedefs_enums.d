/* Type and constant definitions: names for types, enumerators, inlines. */
typedef struct point { int x; int y; } point_t;
enum boolean { false_ = 0, true_ = 1, unknown = true_ << 4 };
inline int limit = 3 * 4;
inline string greeting = limit > 10 ? "many" : "few";
inline int absolute[int n] = n < 0 ? -n : n;

BEGIN
{
	p = (point_t *)alloca(sizeof (point_t));
	p->x = limit;
	p->y = unknown;
	printf("%d %d %s %d %d\n", p->x, p->y, greeting, absolute[-5], absolute[true_]);
	exit(0);
}
