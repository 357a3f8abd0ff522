/* Each clause has a number. */
BEGIN { this->a = epid; }
BEGIN { this->b = epid; }
BEGIN { printf("%d %d\n", this->b - this->a, epid - this->b); exit(0); }
