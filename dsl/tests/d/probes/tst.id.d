/* A probe by its number. */
1 { printf("%s\n", probename); exit(0); }
