long struct s x;
