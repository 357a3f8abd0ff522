unsigned struct s x;
