/* Numbers that are no speculation: nothing is recorded, the rest of the clause runs. */
int n;
BEGIN { speculate(0); printf("no\n"); n++; }
BEGIN { speculate(1); printf("no\n"); n++; }
BEGIN { speculate(-1); printf("no\n"); n++; }
BEGIN { speculate(99); printf("no\n"); n++; }
BEGIN { commit(0); }
BEGIN { commit(1); }
BEGIN { discard(99); }
BEGIN { printf("%d\n", n); exit(0); }
