struct s { int a : 33; }; BEGIN { trace(1); }
