/* What can't be set is told and changes nothing. */
/* @err: ^dtrace: error on enabled probe ID 1 \(ID 1: dtrace:::BEGIN\): couldn't set option "strsize" to "4": Operation illegal when tracing is active$ */
BEGIN { setopt("strsize", "4"); }
BEGIN { printf("%s\n", "longer than four"); exit(0); }
