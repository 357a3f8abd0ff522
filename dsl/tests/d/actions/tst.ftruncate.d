/* What was printed before is gone from the file. */
/* @args: -q -w */
BEGIN
{
	this->name = "/tmp/dtrace-tst.ftruncate";
	freopen("%s", this->name);
	printf("gone\n");
	ftruncate();
	printf("kept\n");
	freopen("");
	system("cat %s; rm -f %s", this->name, this->name);
	exit(0);
}
