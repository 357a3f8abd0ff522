sdt:::switch { trace(args[pid]); }
