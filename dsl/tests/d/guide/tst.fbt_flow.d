/* The fbt provider: what a call does inside the kernel, by entries and returns, of one thread at a time. */
/* @needs: fbt::vfs_read:entry,fbt::vfs_read:return */
/* @cmd: /bin/cat /dev/null */
int entries, returns;

fbt::vfs_read:entry
/pid == $target/
{
	self->depth++;
	entries++;
}

fbt::vfs_read:return
/self->depth/
{
	self->depth--;
	returns++;
}

END
{
	printf("%s, %s\n", entries > 0 ? "entered" : "never", entries == returns ? "and returned" : "unbalanced");
}
