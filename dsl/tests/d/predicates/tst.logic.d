/* Logical operators in predicates. */
int a; int z;
BEGIN { a = 4; }
BEGIN /a && !z/ { printf("1\n"); }
BEGIN /a && z/ { printf("2\n"); }
BEGIN /a || z/ { printf("3\n"); }
BEGIN /a ^^ z/ { printf("4\n"); exit(0); }
