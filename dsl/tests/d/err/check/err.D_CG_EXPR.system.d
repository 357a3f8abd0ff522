BEGIN { x = system("true"); }
