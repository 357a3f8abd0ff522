BEGIN { trace(msgsize(arg0)); }
