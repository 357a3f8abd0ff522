/* The clauses of END run in order, after all else. */
END { printf("end 1\n"); }
BEGIN { printf("begin\n"); exit(0); }
END { printf("end 2\n"); }
