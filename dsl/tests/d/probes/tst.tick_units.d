/* Units of timers. */
int seen;
tick-1000us { seen = seen | 1; }
tick-2ms { seen = seen | 2; }
tick-2000000ns { seen = seen | 4; }
tick-500hz { seen = seen | 8; }
tick-500 { seen = seen | 16; }
profile:::tick-1msec /seen == 31/ { printf("all\n"); exit(0); }
