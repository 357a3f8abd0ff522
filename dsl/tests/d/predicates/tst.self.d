/* Thread-local state decides, as in entry and return clauses. */
self int seen;
BEGIN /self->seen/ { printf("not yet\n"); }
BEGIN { self->seen = 1; }
BEGIN /self->seen/ { printf("seen\n"); self->seen = 0; }
BEGIN /self->seen/ { printf("again\n"); }
BEGIN { exit(0); }
