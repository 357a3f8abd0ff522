struct s { int a : pid; }; BEGIN { trace(1); }
