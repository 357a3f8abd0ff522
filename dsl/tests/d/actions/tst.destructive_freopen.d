/* @exit: 1 */
/* @err: ^dtrace: could not enable tracing: Destructive actions not allowed$ */
BEGIN { freopen("/tmp/x"); exit(0); }
