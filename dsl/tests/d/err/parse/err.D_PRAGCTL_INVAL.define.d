#define X 1
BEGIN { trace(X); }
