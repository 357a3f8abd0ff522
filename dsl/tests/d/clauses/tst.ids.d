12 { trace(1); }
