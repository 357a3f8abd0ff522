/* An array is no number. */
typedef int pair[2];
inline pair p = 1;
BEGIN { trace(p[0]); }
