BEGIN { @c = count(); @s = sum(pid); @mi = min(pid); @ma = max(pid); @av = avg(pid); @sd = stddev(pid); @q = quantize(arg0); @l = lquantize(arg0, 0, 100, 10); @ll = llquantize(arg0, 10, 0, 6, 20); }
