/* Values of narrow types keep their sign. */
BEGIN
{
	this->c = (char)-5; this->u = (uint8_t)250;
	@a = sum(this->c);
	@b = sum(this->u);
	@c = min((int8_t)200);
	exit(0);
}
