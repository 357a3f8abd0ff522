/* Time passes; no more than half a second at once, nor within a second. */
/* @args: -q -w */
/* @err: illegal operation in action #1$ */
BEGIN { this->t = timestamp; chill(20000000); self->t = this->t; }
BEGIN { chill(500000001); printf("not reached\n"); }
BEGIN { chill(490000000); printf("not reached\n"); }
BEGIN { chill(-1); printf("not reached\n"); }
BEGIN { printf("done\n"); }
END { printf("%d\n", timestamp - self->t >= 20000000); }
ERROR { printf("%d %d\n", arg2, arg4); }
BEGIN { exit(0); }
