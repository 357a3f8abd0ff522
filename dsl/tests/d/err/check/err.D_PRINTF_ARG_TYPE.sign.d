/* %ld is for what has a sign, %lu for what has none; %lx takes both. */
BEGIN { printf("%lx %lu %ld\n", timestamp, timestamp, timestamp); }
