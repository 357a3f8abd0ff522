/* Aggregations within blocks. */
int x;

BEGIN
{
	x = 1;
	if (x) {
		@n["then"] = count();
	} else {
		@n["else"] = count();
	}
	if (!x) {
		@n["then"] = count();
	} else {
		@n["else"] = count();
		@n["else"] = count();
	}
	exit(0);
}
