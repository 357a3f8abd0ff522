/* An inline of an array type stands for an array that there is; one with keys is its expression. */
typedef int trio[3];
struct box { trio in; };
trio all;
struct box b;
inline trio also = all;
inline trio inner = b.in;
inline int sum[int i, int j] = also[i] + also[j];
inline string named[int i] = i == 0 ? "none" : i == 1 ? "one" : "many";
BEGIN
{
	all[0] = 1; all[2] = 5;
	b.in[1] = 7;
	printf("%d %d %d %d\n", also[0], also[2], inner[1], sum[0, 2]);
	printf("%s %s %d\n", named[0], named[also[2]], sizeof (also));
	exit(0);
}
