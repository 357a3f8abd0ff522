void x; BEGIN { trace(1); }
