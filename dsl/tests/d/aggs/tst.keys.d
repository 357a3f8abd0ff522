BEGIN { @[execname] = count(); @a[pid, probefunc, arg0] = sum(1); @b[stack(), ustack(5)] = count(); @d[sym(arg0), umod(arg1)] = count(); @e[curthread->comm] = count(); }
