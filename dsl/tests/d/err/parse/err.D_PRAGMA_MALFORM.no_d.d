#pragma option quiet
BEGIN { trace(1); }
