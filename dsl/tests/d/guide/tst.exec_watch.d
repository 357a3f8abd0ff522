/* The syscall provider: which program starts which. */
/* @cmd: /bin/sh -c /bin/true;: */

/* Three strings in a key: as many as Linux 5.10 takes. */
#pragma D option strsize=128

syscall::execve:entry
/ppid == $target/
{
	self->path = copyinstr(arg0);
	self->from = execname;
}

syscall::execve:return
/self->path != NULL && errno == 0/
{
	@[self->from, self->path, execname] = count();
	self->path = NULL;
	self->from = NULL;
}

END { printa("%s ran %s and is %s now\n", @); }
