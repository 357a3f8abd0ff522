inline int X = "s"; BEGIN { trace(X); }
