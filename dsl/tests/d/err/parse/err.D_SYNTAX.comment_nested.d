BEGIN
{
	/* outer /* inner */
	trace(1);
}
