/* The dtrace provider: BEGIN before all, END after all. */
int events;

BEGIN { printf("begin\n"); }
tick-1ms { events++; }
tick-5ms /events > 0/ { exit(0); }
END { printf("end, %s\n", events > 0 ? "with events" : "without"); }
