BEGIN { printf("%d", pid, 5); }
