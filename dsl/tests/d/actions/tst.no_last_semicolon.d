/* The last semicolon may be left out. */
BEGIN { printf("a\n"); exit(0) }
