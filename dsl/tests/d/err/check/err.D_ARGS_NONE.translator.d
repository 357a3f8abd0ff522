struct out { int a; };
translator struct out < int *p > { a = args[0]; };
