provider app { probe x(int, int); };
provider app { probe x(int); };
