/* Speculation: what was recorded on the way is kept only where the call failed, here for the first of two. */
/* @cmd: /bin/rmdir /nonexistent/first /nonexistent/second */
/* @err: rmdir */
int failed;

syscall::rmdir:entry
/pid == $target/
{
	self->spec = speculation();
	speculate(self->spec);
	printf("removing %s\n", copyinstr(arg0));
}

syscall::rmdir:return
/self->spec && errno == 2 && !failed/
{
	commit(self->spec);
	self->spec = 0;
	failed = errno;
}

syscall::rmdir:return
/self->spec/
{
	discard(self->spec);
	self->spec = 0;
}

END
{
	printf("errno %d\n", failed);
}
