BEGIN { trace(pid && execname); }
