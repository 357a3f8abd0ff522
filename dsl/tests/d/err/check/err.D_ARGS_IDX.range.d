sdt:::switch { trace(args[6]); }
