/* The open files of the process; numbers that are none have names all the same. */
/* @cmd: /bin/sh -c exec</etc/passwd */
int done;

syscall::close:entry
/pid == $target && fds[arg0].fi_name == "passwd" && !done/
{
	done = 1;
	printf("%s %s %s %d\n", fds[arg0].fi_pathname, fds[arg0].fi_dirname, fds[arg0].fi_name,
	    fds[arg0].fi_oflags & O_ACCMODE);
	printf("%d %d\n", fds[arg0].fi_fs != "", substr(fds[arg0].fi_mount, 0, 1) == "/");
	printf("%s %s %d\n", fds[1000].fi_pathname, fds[-1].fi_name, fds[1000].fi_oflags);
	printf("%d %d\n", getf(arg0) != NULL, getf(1000) == NULL);
	exit(0);
}
