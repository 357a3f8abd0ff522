/* Actions: stacks are keys; the same place is the same key. */
/* @cmd: /bin/true */
syscall::exit_group:entry
/pid == $target/
{
	@[ustack(2), execname] = count();
	stacks = 1;
}

END
{
	trunc(@);
	printf("stacks: %d\n", stacks);
}
