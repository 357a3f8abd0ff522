/* The next clause of the firing goes on with the same string; delimiters may change. */
BEGIN { printf("[%s]\n", strtok("/usr/lib:x", "/")); }
BEGIN { printf("[%s]\n", strtok(NULL, ":")); }
BEGIN { printf("[%s]\n", strtok(NULL, ":")); exit(0); }
