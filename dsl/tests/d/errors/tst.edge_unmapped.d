/* Addresses that nobody has: the fault names the one that was given. */
/* @args: -q -x strsize=32 */
/* @err: invalid address \(0x18\) in action #1 at DIF offset [0-9]+$ */
BEGIN { trace(inet_ntoa((ipaddr_t *)0x18)); }
BEGIN { trace(inet_ntoa6((void *)0x18)); }
BEGIN { trace(link_ntop(1, (void *)0x18)); }
BEGIN { bcopy((void *)0x18, alloca(4), 4); }
BEGIN { trace(stringof(copyin(0x18, 4))); }
BEGIN { copyinto(0x18, 4, alloca(4)); }
BEGIN { trace(copyinstr(0x18)); }
BEGIN { trace(stringof((char *)0x18)); }
BEGIN { @[stringof((char *)0x18)] = count(); }
BEGIN { a[stringof((char *)0x18)] = 1; }
BEGIN { s = stringof((char *)0x18); }
BEGIN { tracemem(0x18, 4); }
BEGIN { print(*(struct task_struct *)0x18); }
BEGIN { *(int *)0x18 = 1; }
BEGIN { bcopy("abc", (void *)0x18, 4); }
BEGIN / *(int *)0x18/ { trace(1); }
BEGIN { printf("last\n"); exit(0); }
ERROR { printf("%d 0x%x\n", arg4, arg5); }
