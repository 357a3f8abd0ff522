struct s { struct nope x; }; BEGIN { trace(1); }
