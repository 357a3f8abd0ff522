/* A fault in END. */
/* @exit: 2 */
/* @err: dtrace:::END\): invalid address \(0x0\) in action #1 */
BEGIN { exit(2); }
END { trace(*(int *)0); }
END { printf("end\n"); }
