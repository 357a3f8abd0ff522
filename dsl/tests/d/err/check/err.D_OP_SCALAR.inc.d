BEGIN { s = "x"; s++; }
