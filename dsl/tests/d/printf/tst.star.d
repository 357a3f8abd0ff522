/* Width and precision from arguments. */
BEGIN
{
	this->w = 6;
	printf("[%*d] [%-*d] [%*d]\n", 6, 42, this->w, 42, -6, 42);
	printf("[%.*s] [%*.*s]\n", 2, "hello", this->w, 3, "hello");
	exit(0);
}
