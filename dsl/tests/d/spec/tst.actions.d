/* What the consumer does for a held clause, it does at the commit. */
int spec;
BEGIN { @a["x"] = sum(1); spec = speculation(); }
BEGIN { speculate(spec); printa("%s %@d\n", @a); clear(@a); }
BEGIN { @a["x"] = sum(2); }
BEGIN { commit(spec); }
BEGIN { exit(0); }
