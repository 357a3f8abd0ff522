/* A struct of the kernel's: this one has been the same for decades. */
BEGIN
{
	print(curthread->start_time != 0);
	print(curthread->comm);
	exit(0);
}
