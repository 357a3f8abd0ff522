/* All that ERROR is told, and more in the same clause. */
/* @err: invalid address \(0x40\) in action #2 */
BEGIN { this->x = 1; trace(*(int *)0x40); }
ERROR
{
	printf("%d %d %d %d %x %s\n", arg1, arg2, arg3 > 0, arg4, arg5, strjoin("a", "b"));
	@[arg4] = count();
	exit(0);
}
