provider app { probe x(int); };
provider app { probe x(string); };
