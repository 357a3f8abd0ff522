#error not on this system
BEGIN { trace(1); }
