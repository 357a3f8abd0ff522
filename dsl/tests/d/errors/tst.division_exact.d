/* Only a zero divisor faults. */
int z;
BEGIN { z = 1; printf("%d\n", 7 / z); z = -7; printf("%d\n", 7 / z); exit(0); }
