BEGIN { ftruncate("x"); }
