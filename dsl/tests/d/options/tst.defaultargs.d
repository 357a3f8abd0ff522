/* With defaultargs what is not given is 0 or "". */
#pragma D option defaultargs

BEGIN { printf("%d [%s]\n", $1, $$1); exit(0); }
