/* What locks of the kernel are; that nobody holds them just now is likely, not certain, and not asked. */
BEGIN
{
	this->m = &curthread->signal->cred_guard_mutex;
	this->rw = &curthread->mm->mmap_lock;
	printf("%d %d %d\n", mutex_owned(this->m), mutex_type_adaptive(this->m), mutex_type_spin(this->m));
	printf("%d %d\n", mutex_owner(this->m) == curthread, rw_write_held(this->rw) && rw_read_held(this->rw));
	printf("%d\n", rw_iswriter(this->rw) >= rw_write_held(this->rw));
	exit(0);
}
