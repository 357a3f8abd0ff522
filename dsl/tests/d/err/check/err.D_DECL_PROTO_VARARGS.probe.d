provider app { probe x(int, ...); };
