/* Several at once, committed in another order. */
#pragma D option nspec=3
int a, b, c, d;
BEGIN { a = speculation(); b = speculation(); c = speculation(); }
BEGIN { speculate(a); printf("a1\n"); }
BEGIN { speculate(b); printf("b1\n"); }
BEGIN { speculate(c); printf("c1\n"); }
BEGIN { speculate(a); printf("a2\n"); }
BEGIN { commit(b); }
BEGIN { discard(c); }
BEGIN { commit(a); }
BEGIN { printf("%d %d %d\n", a, b, c); exit(0); }
