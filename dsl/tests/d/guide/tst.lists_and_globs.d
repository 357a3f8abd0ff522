/* Structure: one clause for several descriptions, one for a pattern; an empty field is any. */
/* @cmd: /bin/true */
syscall::exit_group:entry, syscall::exit_gr*p:entry, dtrace:::END
/probename == "END" || pid == $target/
{
	@[probeprov, probename] = count();
}

syscall::[e]xit_grou?:entry
/pid == $target/
{
	@["a pattern", probename] = count();
}

END { printa("%s %s %@d\n", @); }
