/* Time goes on from clause to clause. */
BEGIN { this->t = timestamp; }
BEGIN { printf("%d %d\n", timestamp >= this->t, timestamp - this->t < 1000000000); exit(0); }
