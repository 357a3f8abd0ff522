BEGIN { x = 1; x++; --x; x += pid; trace(x); y = x = 7; }
