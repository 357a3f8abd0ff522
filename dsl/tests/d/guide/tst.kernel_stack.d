/* Actions: the kernel's stack where the probe is, as deep as asked for, and how deep it is. */
/* @cmd: /bin/true */
syscall::exit_group:entry
/pid == $target/
{
	@[stack(1)] = count();
	deep = stackdepth > 0;
}

END
{
	trunc(@);
	printf("some frames: %d\n", deep);
}
