/* exit() from a timer. */
/* @exit: 9 */
tick-5ms { printf("tick\n"); exit(9); }
