/* Enumerators are integers; they count on from the last value given. */
enum color { RED, GREEN = 5, BLUE, LAST = -1 };

BEGIN
{
	printf("%d %d %d %d\n", RED, GREEN, BLUE, LAST);
	this->c = GREEN;
	printf("%d\n", this->c == GREEN);
	exit(0);
}
