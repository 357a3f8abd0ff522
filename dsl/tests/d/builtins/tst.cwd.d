/* cwd, root: directories of the process, as paths. */
BEGIN
{
	printf("%s %d\n", root, cwd == "/" || (substr(cwd, 0, 1) == "/" && strlen(cwd) > 1 && cleanpath(cwd) == cwd));
	printf("%d\n", cwd == d_path(&curthread->fs->pwd));
	exit(0);
}
