BEGIN { printf("%d", curthread); }
