/* Thread-local strings and numbers side by side. */
BEGIN
{
	self->s0 = "t0"; self->n0 = 0;
	self->s1 = "t1"; self->n1 = 1;
	self->s2 = "t2"; self->n2 = 2;
	self->s3 = "t3"; self->n3 = 3;
	self->s4 = "t4"; self->n4 = 4;
	self->s5 = "t5"; self->n5 = 5;
	self->s6 = "t6"; self->n6 = 6;
	self->s7 = "t7"; self->n7 = 7;
	self->s8 = "t8"; self->n8 = 8;
	self->s9 = "t9"; self->n9 = 9;
	printf("%s %d %s %d\n", self->s3, self->n4, self->s9, self->n0 + self->n9);
	exit(0);
}
