/* A timer fires again and again. */
int n;
tick-2ms { n++; }
tick-2ms /n >= 5/ { printf("five\n"); exit(0); }
