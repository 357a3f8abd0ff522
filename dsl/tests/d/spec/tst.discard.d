/* What is discarded is never printed. */
int spec;
BEGIN { spec = speculation(); }
BEGIN { speculate(spec); printf("held\n"); }
BEGIN { discard(spec); }
BEGIN { commit(spec); }
BEGIN { printf("after\n"); exit(0); }
