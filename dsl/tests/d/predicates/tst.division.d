/* A slash within parentheses divides. */
int n;
BEGIN { n = 10; }
BEGIN /(n / 5) == 2/ { printf("two\n"); exit(0); }
