#pragma D attributes Solid/Stable/Common x
BEGIN { trace(1); }
