/* String comparison in a predicate. */
string s;
BEGIN { s = "abc"; }
BEGIN /s == "abc"/ { printf("equal\n"); }
BEGIN /s != "abc"/ { printf("differs\n"); }
BEGIN /s > "abb" && s < "abd"/ { printf("between\n"); exit(0); }
