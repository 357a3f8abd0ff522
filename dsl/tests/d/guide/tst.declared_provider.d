/* Stability: a library can say what the arguments of a provider's probes are, and show them through translators. */
typedef struct start { int first; int second; } start_t;
translator start_t < int64_t N > { first = N + 1; second = N + 2; };
provider dtrace { probe BEGIN(int64_t a, int64_t b) : (start_t *a, int64_t b, start_t *b); };

dtrace:::BEGIN
{
	printf("%d %d %d %d\n", args[0]->first, args[0]->second, args[1], args[2]->second);
	exit(0);
}
