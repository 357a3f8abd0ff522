int f(int x)
{
	trace(x);
}
