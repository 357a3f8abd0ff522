sdt:::several { trace(args[0]); }
