struct s { int a[string]; };
