/* Pointers that lead through several structs. */
BEGIN
{
	printf("%d %d\n", curthread->group_leader->tgid == pid, curthread->real_parent->tgid == ppid);
	printf("%d\n", curthread->group_leader->real_parent->tgid == curthread->real_parent->tgid);
	printf("%s\n", stringof(curthread->group_leader->comm));
	printf("%d\n", curthread->mm->mm_users.counter > 0);
	printf("%d\n", curthread->cred->uid.val == uid);
	exit(0);
}
