/* A conversion that says a size takes arguments of that size. */
BEGIN { printf("%hd\n", 300000); }
