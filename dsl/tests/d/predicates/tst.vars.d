/* Predicates see what earlier clauses did. */
int n;
BEGIN { n = 2; }
BEGIN /n == 2/ { printf("two\n"); n = 3; }
BEGIN /n == 2/ { printf("still two\n"); }
BEGIN /n == 3/ { printf("three\n"); exit(0); }
