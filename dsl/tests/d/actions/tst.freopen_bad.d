/* A file that can't be had: told, and the output stays where it is. */
/* @args: -q -w */
/* @err: ^dtrace: error on enabled probe ID 1 \(ID 1: dtrace:::BEGIN\): couldn't freopen\(\) "/nosuch/file": No such file or directory$ */
BEGIN
{
	freopen("/nosuch/file");
	printf("here\n");
	exit(0);
}
