/* BEGIN is done before any other probe fires. */
int begun;
tick-1ms /!begun/ { printf("too early\n"); exit(1); }
tick-1ms /begun/ { printf("begun\n"); exit(0); }
BEGIN { begun = 1; }
