/* A clause that discards may record. */
int spec;
BEGIN { spec = speculation(); }
BEGIN { speculate(spec); printf("held\n"); }
BEGIN { printf("one\n"); discard(spec); printf("two\n"); }
BEGIN { exit(0); }
