/* NULL is an address that cannot be read, whichever subroutine is to read a string there. */
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
