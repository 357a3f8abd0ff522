BEGIN { x = pid == 1 ? count() : 2; }
