#pragma D attributes Stable/Stable/Common
BEGIN { trace(1); }
