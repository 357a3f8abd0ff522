BEGIN { printf("%qd\n", 1LL); }
