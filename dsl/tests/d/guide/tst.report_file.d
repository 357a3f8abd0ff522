/* Output formatting: each report goes to a file of its own name, and the last words to where the first went. */
#pragma D option destructive
#pragma D option quiet

BEGIN
{
	this->base = "/tmp/dtrace-guide-report";
	freopen("%s.%d", this->base, 1);
	printf("one\n");
	freopen("%s.%d", this->base, 2);
	printf("two\n");
	freopen("");
	printf("written\n");
	system("cat %s.1 %s.2; rm %s.1 %s.2", this->base, this->base, this->base, this->base);
	exit(0);
}
