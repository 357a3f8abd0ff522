provider app { probe x(int); probe y(); probe x(int); };
