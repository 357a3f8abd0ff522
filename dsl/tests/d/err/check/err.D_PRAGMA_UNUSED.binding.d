#pragma D binding "1.0" nobody
BEGIN { x = 1; }
