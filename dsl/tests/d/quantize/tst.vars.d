/* Values of narrow and of signed variables. */
BEGIN
{
	this->c = (char)-3; this->u = (uint8_t)200;
	@ = quantize(this->c); @ = quantize(this->u);
	exit(0);
}
