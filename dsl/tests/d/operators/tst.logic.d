BEGIN /pid == 1 && (arg0 > 5 || !arg1)/ { trace(pid > 3 && arg0 < 2); trace(pid ^^ arg0); trace(!(pid || arg0)); }
