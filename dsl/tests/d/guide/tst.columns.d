/* Output formatting: a table with a head, numbers to the right, text to the left. */
struct { string name; int size; } row[int];

BEGIN
{
	row[0].name = "first";
	row[0].size = 4;
	row[1].name = "the second";
	row[1].size = 12345;
	printf("%-12s %8s %6s\n", "NAME", "SIZE", "HEX");
	printf("%-12s %8d %#6x\n", row[0].name, row[0].size, row[0].size);
	printf("%-12s %8d %#6x\n", row[1].name, row[1].size, row[1].size);
	printf("%-12.5s %08d %+6d\n", row[1].name, row[1].size, row[0].size);
	exit(0);
}
