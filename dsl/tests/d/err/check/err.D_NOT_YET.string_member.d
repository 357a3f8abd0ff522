struct s { string name; };
struct s x;
BEGIN { x.name = "a"; }
