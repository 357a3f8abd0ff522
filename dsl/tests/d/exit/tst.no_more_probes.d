/* After exit() no other probe fires. */
BEGIN { exit(0); }
tick-1ms { printf("tick\n"); }
END { printf("end\n"); }
