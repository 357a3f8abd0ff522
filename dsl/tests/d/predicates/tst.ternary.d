/* A ternary as predicate. */
int n;
BEGIN /n ? 0 : 1/ { printf("yes\n"); n = 1; }
BEGIN /n ? 0 : 1/ { printf("no\n"); }
BEGIN { exit(0); }
