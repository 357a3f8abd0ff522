/* An int is no long: it has a conversion of its own. */
BEGIN { printf("%ld\n", pid); }
