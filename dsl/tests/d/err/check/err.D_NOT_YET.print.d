BEGIN { print(pid); }
