/* The registers of the process: at a system call they hold its arguments. */
/* @cmd: /bin/true */
syscall::exit_group:entry
/pid == $target/
{
	printf("%d %d\n", uregs[R_RDI] == arg0, uregs[14] == arg0);
	printf("%d %d\n", uregs[R_RSP] != 0, uregs[R_SP] == uregs[R_RSP]);
	printf("%d %d\n", uregs[R_PC] == uregs[R_RIP], uregs[R_TRAPNO]);
}
