/* A remainder by zero. */
/* @err: dtrace: error on enabled probe ID 1 \(ID 1: dtrace:::BEGIN\): divide-by-zero in action #2 at DIF offset [0-9]+$ */
BEGIN { this->z = 0; this->r = 7 % this->z; }
BEGIN { exit(0); }
