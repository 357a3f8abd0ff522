BEGIN { @a[arg0] = count(); @a[pid] = count(); @s[execname] = count(); @s[curthread->comm] = count(); }
