/* An array has no value that could stand for a name. */
typedef int pair[2];
inline pair p = 1;
BEGIN { trace(p[0]); }
