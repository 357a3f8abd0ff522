BEGIN { @q = quantize(arg0, arg1); @l = lquantize(arg0, -10, 10, 1, pid); @ll = llquantize(arg0, 2, 0, 10, 2, 3); }
