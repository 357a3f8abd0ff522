/* The bytes of a string, and what follows it. */
BEGIN
{
	this->text = "some text";
	tracemem("string", 8);
	tracemem(this->text, 16);
	tracemem(probename, 5);
	exit(0);
}
