/* The message names the address. */
/* @err: dtrace: error on enabled probe ID 1 \(ID 1: dtrace:::BEGIN\): invalid address \(0x10\) in action #1 at DIF offset [0-9]+$ */
BEGIN { trace(*(char *)0x10); }
BEGIN { exit(0); }
