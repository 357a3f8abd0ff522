BEGIN
{
	x = offsetof(struct s, a + 1);
}
