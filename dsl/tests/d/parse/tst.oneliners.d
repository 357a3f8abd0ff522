/* The shapes that most D programs have. */
syscall::openat:entry { printf("%s %s", execname, copyinstr(arg1)); }
syscall:::entry { @[probefunc] = count(); }
tick-2s { exit(0); }
syscall::read:return /execname == "cat"/ { @ = quantize(arg0); }
syscall::read:entry { self->t = timestamp; }
syscall::read:return
/self->t/
{
	@[execname] = avg(timestamp - self->t);
	self->t = 0;
}
sdt:sched::sched_switch { @[stringof(args[2]->comm)] = count(); }
profile-97 { @[stack()] = count(); }
