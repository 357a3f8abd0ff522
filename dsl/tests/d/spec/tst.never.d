/* What is neither committed nor discarded is not printed either. */
int spec;
BEGIN { spec = speculation(); }
BEGIN { speculate(spec); printf("held\n"); }
BEGIN { printf("end\n"); exit(0); }
