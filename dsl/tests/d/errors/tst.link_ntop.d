/* A type of hardware that link_ntop does not know. */
/* @err: illegal operation in action #1 at DIF offset */
BEGIN { printf("%s\n", link_ntop(7, (void *)curthread)); }
BEGIN { exit(0); }
ERROR { printf("%d\n", arg4); }
