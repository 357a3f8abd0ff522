/* Numbers that somebody else calculated: what is at an address, as C prints it. */
BEGIN
{
	this->d = (double *)alloca(32);
	this->u = (uint64_t *)this->d;
	this->f = (float *)this->d;
	this->w = (uint32_t *)this->d;

	this->u[0] = 0x3ff8000000000000;
	printf("%f %e %g %E %G\n", *this->d, *this->d, *this->d, *this->d, *this->d);
	this->u[1] = 0xc08f400000000000;
	printf("%f %e %g %.2f %12.3e|%-10g|%+g\n", this->d[1], this->d[1], this->d[1], this->d[1], this->d[1],
	    this->d[1], *this->d);
	this->u[0] = 0;
	printf("%f %e %g %G\n", *this->d, *this->d, *this->d, *this->d);
	this->u[0] = 0x7ff0000000000000;
	printf("%f %g %G\n", *this->d, *this->d, *this->d);
	this->u[0] = 0x7ff8000000000000;
	printf("%f\n", *this->d);
	this->u[0] = 0x3e45798ee2308c3a;
	printf("%f %e %g\n", *this->d, *this->d, *this->d);
	this->w[0] = 0x40490fdb;
	printf("%f %e %g %08.3f\n", *this->f, *this->f, *this->f, *this->f);
	exit(0);
}
