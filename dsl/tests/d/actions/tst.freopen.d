/* The output goes to a file and comes back. */
/* @args: -q -w */
BEGIN
{
	this->name = "/tmp/dtrace-tst.freopen";
	system("rm -f %s", this->name);
	printf("first\n");
	freopen("%s", this->name);
	printf("in the file\n");
	freopen("%s.%d", this->name, 2);
	printf("in the other\n");
	freopen("");
	printf("back\n");
	system("cat %s; cat %s.2; rm -f %s %s.2", this->name, this->name, this->name, this->name);
	exit(0);
}
