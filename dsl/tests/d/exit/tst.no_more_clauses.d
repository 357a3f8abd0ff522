/* After exit() no other clause runs but those of END. */
BEGIN { printf("first\n"); exit(0); }
BEGIN { printf("second\n"); }
END { printf("end\n"); }
