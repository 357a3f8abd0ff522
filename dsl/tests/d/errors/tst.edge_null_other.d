/* NULL is an address that cannot be read, whichever subroutine is to read a string there. */
/* @args: -q -x strsize=32 */
/* @err: invalid address \(0x0\) in action #1 at DIF offset [0-9]+$ */
string null;

BEGIN { null = NULL; }
BEGIN { trace(basename(null)); }
BEGIN { trace(dirname(null)); }
BEGIN { trace(cleanpath(null)); }
BEGIN { trace(tolower(null)); }
BEGIN { trace(json(null, "a")); }
BEGIN { trace(json("{}", null)); }
BEGIN { trace(memstr(NULL, ' ', 2)); }
BEGIN { trace(inet_ntoa6(NULL)); }
BEGIN { trace(inet_ntop(2, NULL)); }
BEGIN { trace(link_ntop(1, NULL)); }
BEGIN { trace(copyinstr(NULL)); }
BEGIN { trace(stringof(copyin(NULL, 4))); }
BEGIN { copyinto(NULL, 4, alloca(4)); }
BEGIN { trace(*(int *)null); }
BEGIN { printf("last\n"); exit(0); }
ERROR { printf("%d %d\n", arg4, arg5); }
