struct callinfo { uint64_t ts; int calls; char name[4]; };
struct callinfo i[string];
self struct callinfo s;
this struct callinfo t;
int n[4];
syscall::read:entry
{
	i[probefunc].ts = timestamp;
	i[probefunc].calls++;
	self->s.calls += 2;
	this->t.name[1] = 97;
	this->u = this->t;
	n[2] = 5;
	trace(i["read"].calls + self->s.calls + n[2]);
	trace(this->u);
}
