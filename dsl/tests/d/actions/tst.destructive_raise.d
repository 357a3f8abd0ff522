/* @exit: 1 */
/* @err: ^dtrace: could not enable tracing: Destructive actions not allowed$ */
BEGIN { raise(9); exit(0); }
