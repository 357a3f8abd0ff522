BEGIN { trace(pid ? "x" : 5); }
