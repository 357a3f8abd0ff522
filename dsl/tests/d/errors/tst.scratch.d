/* A joined string that is longer than strsize. */
/* @err: dtrace: error on enabled probe ID 1 \(ID 1: dtrace:::BEGIN\): out of scratch space in action #1 at DIF offset [0-9]+$ */
#pragma D option strsize=8

BEGIN { trace(strjoin("abcd", "efgh")); }
BEGIN { exit(0); }
