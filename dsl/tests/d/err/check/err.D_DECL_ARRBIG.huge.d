struct s { int a[0x7fffffff]; }; BEGIN { trace(1); }
