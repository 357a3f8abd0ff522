/* Variables: the kernel's own names, by the backtick. */
BEGIN
{
	printf("%a %d\n", (uint64_t)&`vfs_read, &`vfs_read == &vmlinux`vfs_read);
	exit(0);
}
