#pragma D option amin=Stable/Evolving/Common
#pragma D attributes Unstable/Stable/Common x
inline int x = 3;
BEGIN { trace(x); }
