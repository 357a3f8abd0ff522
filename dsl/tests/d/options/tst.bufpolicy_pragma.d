/* The policy of a program that ends before anything is full makes no difference but in time. */
#pragma D option bufpolicy=fill

BEGIN { printf("a\n"); }
BEGIN { printf("b\n"); exit(0); }
END { printf("c\n"); }
