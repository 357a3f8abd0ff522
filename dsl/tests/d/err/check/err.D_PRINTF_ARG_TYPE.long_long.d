BEGIN { printf("%llx\n", 1); }
