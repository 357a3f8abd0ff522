/* print() shows as much of a value as printsize lets it record. */
/* @args: -q -x printsize=8 */
struct s { int a; int b; int c; };
struct s x;

BEGIN
{
	x.a = 1;
	x.b = 2;
	x.c = 3;
	print(x);
	exit(0);
}
