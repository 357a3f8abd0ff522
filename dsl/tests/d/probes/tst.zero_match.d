/* With -Z a description may match nothing. */
/* @args: -q -Z */
nosuchprovider:::nothing { printf("no\n"); }
BEGIN { printf("yes\n"); exit(0); }
