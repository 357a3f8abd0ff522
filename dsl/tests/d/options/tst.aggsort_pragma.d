/* Options of aggregations in the program. */
#pragma D option aggsortrev

BEGIN { @["a"] = sum(1); @["b"] = sum(2); exit(0); }
