/* Macro arguments: numbers, names, strings. */
/* @args: -q -- 42 word two-words */
BEGIN { printf("%d %s %s %d\n", $1, $$2, $$3, $1 + 1); exit(0); }
