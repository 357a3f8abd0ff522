#pragma D attributes Stable/Common x
BEGIN { trace(1); }
