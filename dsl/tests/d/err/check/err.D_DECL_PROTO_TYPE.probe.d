struct s { int a; };
provider p { probe x(struct s v); };
