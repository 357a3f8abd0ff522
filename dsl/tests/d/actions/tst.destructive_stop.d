/* @exit: 1 */
/* @err: ^dtrace: could not enable tracing: Destructive actions not allowed$ */
BEGIN { stop(); exit(0); }
