/* User process tracing: the registers that a process had when it entered the kernel. */
/* @cmd: /bin/true */
syscall::exit_group:entry
/pid == $target/
{
	printf("%d %d\n", uregs[R_PC] != 0, uregs[R_SP] != 0);
	printf("%d\n", uregs[R_PC] != uregs[R_SP]);
}
