/* The library's translators, for another task. */
BEGIN
{
	this->p = curthread->real_parent;
	printf("%d\n", xlate <psinfo_t *> (this->p)->pr_pid == ppid);
	exit(0);
}
