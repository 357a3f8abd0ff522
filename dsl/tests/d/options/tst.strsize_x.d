/* strsize by -x. */
/* @args: -q -x strsize=8 */
string s;
BEGIN { s = "0123456789"; printf("%s\n", s); exit(0); }
