/* A user address that is not mapped. */
/* @err: dtrace: error on enabled probe ID 1 \(ID 1: dtrace:::BEGIN\): invalid address \(0x20\) in action #1 at DIF offset [0-9]+$ */
BEGIN { trace(copyinstr(0x20)); }
BEGIN { exit(0); }
