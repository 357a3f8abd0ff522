/* A fault in a predicate. */
/* @err: dtrace: error on enabled probe ID 1 \(ID 1: dtrace:::BEGIN\): invalid address \(0x8\) in predicate at DIF offset [0-9]+$ */
BEGIN / *(int *)8 / { printf("no\n"); }
BEGIN { printf("yes\n"); exit(0); }
