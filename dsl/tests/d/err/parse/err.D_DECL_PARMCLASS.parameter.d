extern int f(static int x);
