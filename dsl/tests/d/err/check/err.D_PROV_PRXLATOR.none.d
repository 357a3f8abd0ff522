struct out { int a; };
provider app { probe x(uintptr_t raw) : (struct out *o); };
