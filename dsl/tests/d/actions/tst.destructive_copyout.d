/* @exit: 1 */
/* @err: ^dtrace: could not enable tracing: Destructive actions not allowed$ */
BEGIN { copyout(alloca(4), 0, 4); exit(0); }
