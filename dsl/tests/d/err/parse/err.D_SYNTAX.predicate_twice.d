BEGIN
/pid/ /uid/
{
	trace(1);
}
