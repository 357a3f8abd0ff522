BEGIN { trace(pid * 3 + arg0 / 7 - (arg1 << 2) % 5); trace(-pid); trace(~arg0 ^ 0xff); }
