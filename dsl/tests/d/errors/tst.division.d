/* Division by zero at run time. */
/* @err: dtrace: error on enabled probe ID 1 \(ID 1: dtrace:::BEGIN\): divide-by-zero in action #1 at DIF offset [0-9]+$ */
int zero;
BEGIN { printf("%d\n", 7 / zero); }
BEGIN { exit(0); }
