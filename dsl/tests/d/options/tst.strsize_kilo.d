/* Sizes take suffixes. */
/* @args: -q -x strsize=2k */
string s;
BEGIN { s = strjoin("0123456789", "0123456789"); s = strjoin(s, s); s = strjoin(s, s); s = strjoin(s, s); s = strjoin(s, s); printf("%d\n", strlen(s)); exit(0); }
