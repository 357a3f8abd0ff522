BEGIN { trace(strln("x")); }
