/* A speculation that has ended can be had again, and holds nothing of before. */
int a, b, c;
BEGIN { a = speculation(); }
BEGIN { speculate(a); printf("first\n"); }
BEGIN { commit(a); }
BEGIN { b = speculation(); }
BEGIN { speculate(b); printf("second\n"); }
BEGIN { discard(b); }
BEGIN { c = speculation(); }
BEGIN { speculate(c); printf("third\n"); }
BEGIN { commit(c); }
BEGIN { printf("%d %d %d\n", a, b, c); exit(0); }
