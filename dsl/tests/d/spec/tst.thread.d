/* The usual way: held per thread, kept only where the call was the one of interest. */
/* @cmd: /bin/cat /nosuch/file */
/* @err: No such file */
#pragma D option nspec=8
syscall::openat:entry
/pid == $target/
{
	self->spec = speculation();
	self->name = copyinstr(arg1);
}

syscall::openat:entry
/self->spec/
{
	speculate(self->spec);
	printf("%s", self->name);
}

syscall::openat:return
/self->spec/
{
	speculate(self->spec);
	printf(" %d\n", errno);
}

syscall::openat:return
/self->spec && self->name == "/nosuch/file"/
{
	commit(self->spec);
	self->spec = 0;
}

syscall::openat:return
/self->spec/
{
	discard(self->spec);
	self->spec = 0;
}
