/* Strings at addresses that nobody has: the fault names the one that was given. */
/* @args: -q -x strsize=32 */
/* @err: invalid address \(0x18\) in action #1 at DIF offset [0-9]+$ */
BEGIN { trace(strlen((char *)0x18)); }
BEGIN { trace(strjoin("a", (char *)0x18)); }
BEGIN { trace(substr((char *)0x18, 1)); }
BEGIN { trace(index((char *)0x18, "a")); }
BEGIN { trace(strchr((char *)0x18, 'a')); }
BEGIN { trace(basename((char *)0x18)); }
BEGIN { trace(strtok((char *)0x18, ",")); }
BEGIN { trace(strtoll((char *)0x18)); }
BEGIN { trace(toupper((char *)0x18)); }
BEGIN { trace(json((char *)0x18, "a")); }
BEGIN { trace(memstr((void *)0x18, ' ', 2)); }
BEGIN { printf("last\n"); exit(0); }
ERROR { printf("%d 0x%x\n", arg4, arg5); }
