/* Many variables of each kind. */
BEGIN
{
	g1 = 1; self->s1 = 10; this->t1 = 100;
	g2 = 2; self->s2 = 20; this->t2 = 200;
	g3 = 3; self->s3 = 30; this->t3 = 300;
	g4 = 4; self->s4 = 40; this->t4 = 400;
	g5 = 5; self->s5 = 50; this->t5 = 500;
	g6 = 6; self->s6 = 60; this->t6 = 600;
	g7 = 7; self->s7 = 70; this->t7 = 700;
	g8 = 8; self->s8 = 80; this->t8 = 800;
	g9 = 9; self->s9 = 90; this->t9 = 900;
	g10 = 10; self->s10 = 100; this->t10 = 1000;
	g11 = 11; self->s11 = 110; this->t11 = 1100;
	g12 = 12; self->s12 = 120; this->t12 = 1200;
	printf("%d %d %d\n", g1 + g2 + g3 + g4 + g5 + g6 + g7 + g8 + g9 + g10 + g11 + g12, self->s1 + self->s2 + self->s3 + self->s4 + self->s5 + self->s6 + self->s7 + self->s8 + self->s9 + self->s10 + self->s11 + self->s12, this->t1 + this->t2 + this->t3 + this->t4 + this->t5 + this->t6 + this->t7 + this->t8 + this->t9 + this->t10 + this->t11 + this->t12);
	exit(0);
}
