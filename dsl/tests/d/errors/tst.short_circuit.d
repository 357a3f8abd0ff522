/* What is not evaluated does not fault. */
int *p;
BEGIN /p != NULL && *p/ { printf("no\n"); }
BEGIN { printf("%d\n", p ? *p : -1); exit(0); }
