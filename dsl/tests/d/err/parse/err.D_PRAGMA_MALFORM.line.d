#line x
BEGIN { trace(1); }
