BEGIN { printf("%y", 5); }
