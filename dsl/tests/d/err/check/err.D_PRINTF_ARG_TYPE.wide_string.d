/* Strings have no wide characters. */
BEGIN { printf("%ws\n", "abc"); }
