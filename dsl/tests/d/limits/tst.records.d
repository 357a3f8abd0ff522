/* A thousand records of one firing after another. */
int n;
tick-1ms { n++; printf("%d\n", n); }
tick-1ms /n == 200/ { exit(0); }
