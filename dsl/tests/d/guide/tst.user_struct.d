/* User process tracing: what a process passes by pointer is copied in before it is looked at, with its type. */
/* @cmd: /bin/sleep 0.25 */
struct span { long sec; long nsec; };

syscall::clock_nanosleep:entry,
syscall::nanosleep:entry
/pid == $target/
{
	this->at = probefunc == "nanosleep" ? arg0 : arg2;
	this->s = (struct span *)copyin(this->at, sizeof(struct span));
	printf("%s sleeps %d ms\n", execname, this->s->sec * 1000 + this->s->nsec / 1000000);
}
