/* Macro variables are numbers. */
BEGIN { printf("%d %d\n", $pid > 0, $ppid > 0); printf("%d\n", $$pid == $$pid); exit(0); }
