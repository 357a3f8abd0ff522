/* Without -w nothing is enabled. */
/* @exit: 1 */
/* @err: ^dtrace: could not enable tracing: Destructive actions not allowed$ */
BEGIN { system("echo no"); exit(0); }
