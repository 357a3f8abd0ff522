provider app { probe x(int a) : (int a, int b); };
