/* Only clauses with a true predicate run. */
BEGIN /1/ { printf("one\n"); }
BEGIN /0/ { printf("zero\n"); }
BEGIN /-1/ { printf("minus\n"); }
BEGIN { exit(0); }
