BEGIN { @a = llquantize(1, 2, 60, 63, 2); }
