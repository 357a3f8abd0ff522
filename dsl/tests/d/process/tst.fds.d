/* fds[]: what the process has open, by descriptor. */
/* @cmd: /bin/grep -q nosuchuser /etc/passwd */
int told;
syscall::read:entry
/pid == $target && fds[arg0].fi_name == "passwd" && !told/
{
	printf("%s in %s, offset %d, flags %d\n", fds[arg0].fi_name, fds[arg0].fi_dirname, fds[arg0].fi_offset, fds[arg0].fi_oflags & 3);
	printf("%s %d\n", fds[-1].fi_name, fds[100000].fi_oflags);
	told = 1;
}
