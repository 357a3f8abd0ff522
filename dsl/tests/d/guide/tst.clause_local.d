/* Variables: this-> belongs to the clauses of one firing, in their order. */
int me;
this int foo;

BEGIN { printf("1: me is %d, foo is %d\n", me++, this->foo++); this->foo = 10; }
BEGIN { printf("2: me is %d, foo is %d\n", me++, this->foo++); }
BEGIN { printf("3: me is %d, foo is %d\n", me++, this->foo++); exit(0); }
END { printf("4: me is %d, foo is %d\n", me, this->foo); }
