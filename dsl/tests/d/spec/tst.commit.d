/* What is recorded for a speculation is printed when it is committed, in the order of its recording. */
int spec;
BEGIN { spec = speculation(); printf("%d\n", spec); }
BEGIN { speculate(spec); printf("held 1\n"); }
BEGIN { printf("at once\n"); }
BEGIN { speculate(spec); printf("held 2\n"); }
BEGIN { commit(spec); }
BEGIN { printf("after\n"); exit(0); }
