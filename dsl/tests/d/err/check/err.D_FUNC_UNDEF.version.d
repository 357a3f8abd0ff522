/* strtoll() came with 1.11. */
#pragma D option version=1.6
BEGIN { trace(strtoll("1")); }
