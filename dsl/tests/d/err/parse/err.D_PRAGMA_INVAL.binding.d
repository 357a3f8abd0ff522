#pragma D binding "one" x
BEGIN { trace(1); }
