/* A key longer than its columns is not cut. */
BEGIN
{
	@["kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"] = count();
	exit(0);
}
