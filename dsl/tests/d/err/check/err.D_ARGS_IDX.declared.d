provider app { probe x(int, string); };
app:::x { trace(args[2]); }
