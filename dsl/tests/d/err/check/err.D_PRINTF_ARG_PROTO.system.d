BEGIN { system("echo %s"); }
