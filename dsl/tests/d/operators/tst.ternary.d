BEGIN { trace(pid ? arg0 : arg1); trace(pid > 5 ? "many" : execname); trace(1 + (pid ? 2 : 3)); }
