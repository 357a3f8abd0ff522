#pragma
BEGIN { trace(1); }
