#pragma D attributes Stable/Stable/Alien x
BEGIN { trace(1); }
