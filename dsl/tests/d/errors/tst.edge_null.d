/* NULL is an address that cannot be read, whichever subroutine is to read a string there. */
/* @args: -q -x strsize=32 */
/* @err: invalid address \(0x0\) in action #1 at DIF offset [0-9]+$ */
string null;

BEGIN { null = NULL; printf("%d %d\n", null == NULL, null == ""); }
BEGIN { trace(strlen(null)); }
BEGIN { trace(strjoin("a", null)); }
BEGIN { trace(strjoin(null, "a")); }
BEGIN { trace(substr(null, 1)); }
BEGIN { trace(index(null, "a")); }
BEGIN { trace(index("a", null)); }
BEGIN { trace(rindex(null, "a")); }
BEGIN { trace(strstr("a", null)); }
BEGIN { trace(strchr(null, 'a')); }
BEGIN { trace(strrchr(null, 'a')); }
BEGIN { printf("last\n"); exit(0); }
ERROR { printf("%d %d\n", arg4, arg5); }
