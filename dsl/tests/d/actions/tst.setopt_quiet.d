/* Options that may change while tracing do so with the next record. */
/* @args: -x bufsize=1m */
BEGIN { trace(1); }
BEGIN { setopt("quiet"); }
BEGIN { trace(2); }
BEGIN { setopt("quiet", "no"); }
BEGIN { trace(3); exit(0); }
