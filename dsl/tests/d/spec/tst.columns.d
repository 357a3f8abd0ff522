/* Each held record is a line of its probe; a clause that only commits or discards has none. */
/* @args: -x nspec=2 */
int a, b;
BEGIN { speculate(a = speculation()); }
BEGIN { b = speculation(); }
BEGIN { speculate(a); trace(7); }
BEGIN { discard(b); }
BEGIN { commit(a); }
END { trace("end"); }
BEGIN { exit(0); }
