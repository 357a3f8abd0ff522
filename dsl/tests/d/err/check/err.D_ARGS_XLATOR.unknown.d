sdt:::switch { trace(args[5]); }
