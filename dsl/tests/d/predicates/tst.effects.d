/* An assignment in a predicate takes place whether it is true or not. */
int n;
BEGIN /(n = 5) == 4/ { printf("no\n"); }
BEGIN { printf("%d\n", n); exit(0); }
