/* What does not fit is dropped, and told. */
/* @args: -q -x specsize=64 */
/* @err: ^dtrace: 1 speculative drop$ */
int spec;
BEGIN { spec = speculation(); }
BEGIN { speculate(spec); printf("%d\n", 1); }
BEGIN { speculate(spec); printf("%s\n", "a string that is quite a bit longer than what there is room for"); }
BEGIN { speculate(spec); printf("%d\n", 3); }
BEGIN { commit(spec); }
BEGIN { exit(0); }
