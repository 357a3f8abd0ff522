provider app2 { probe x(int); };
