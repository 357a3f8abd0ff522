/* With one speculation there is no second: 0, and it is told. */
/* @err: ^dtrace: 2 failed speculations \(no speculative buffer available\)$ */
int a, b, c;
BEGIN { a = speculation(); b = speculation(); c = speculation(); printf("%d %d %d\n", a, b, c); exit(0); }
