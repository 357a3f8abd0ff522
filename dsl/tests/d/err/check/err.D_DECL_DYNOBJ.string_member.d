struct s { string a; }; BEGIN { trace(1); }
