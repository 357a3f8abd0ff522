/* Scripting: $1 is what it looks like, $$1 always a string; $target and its like are numbers. */
/* @args: -q -- 42 word */
BEGIN
{
	printf("%d %s %s %d\n", $1 + 1, $$1, $$2, $pid > 0);
	printf("%d\n", $$2 == "word");
	exit(0);
}
