/* There is no conversion for the size of a char: %d goes by the argument's own. */
BEGIN { printf("%hhd\n", (char)1); }
