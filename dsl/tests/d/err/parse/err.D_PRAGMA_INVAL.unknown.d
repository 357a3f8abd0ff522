#pragma D nosuch thing
BEGIN { trace(1); }
