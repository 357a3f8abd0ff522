BEGIN { @a = llquantize(1, 10, 2, 3, 25); }
