/* As tst.divided_begin.d, of system calls: the programs that are called know which it is. */
/* @cmd: /bin/cat /dev/null */
int wrong, firings, seen[string];

syscall::read:entry, syscall::openat:entry, syscall::open:entry
/pid == $target/
{
	this->mine = 1;
	this->name = probefunc;
	this->fd = arg0;
}

syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c0 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c1 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c2 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c3 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c4 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c5 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c6 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c7 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c8 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c9 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c10 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c11 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c12 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c13 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c14 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c15 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c16 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c17 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c18 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c19 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c20 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c21 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c22 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c23 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c24 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c25 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c26 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c27 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c28 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c29 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c30 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c31 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c32 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c33 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c34 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c35 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c36 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c37 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c38 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c39 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c40 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c41 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c42 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c43 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c44 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c45 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c46 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c47 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c48 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c49 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c50 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c51 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c52 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c53 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c54 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c55 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c56 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c57 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c58 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c59 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c60 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c61 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c62 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c63 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c64 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c65 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c66 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c67 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c68 = max(1); }
syscall::read:entry, syscall::openat:entry, syscall::open:entry /this->mine/ { @c69 = max(1); }

syscall::read:entry, syscall::openat:entry, syscall::open:entry
/this->mine/
{
	wrong += this->name != probefunc || this->fd != arg0;
	seen[probefunc]++;
	firings++;
}

END
{
	printf("%s, %d wrong, %s\n", seen["read"] > 0 ? "read" : "never", wrong,
	    seen["read"] + seen["openat"] + seen["open"] == firings ? "all" : "not all");
	printa("%@d", @c0); printa("%@d", @c1); printa("%@d", @c2); printa("%@d", @c3); printa("%@d", @c4); printa("%@d", @c5); printa("%@d", @c6); printa("%@d", @c7); printa("%@d", @c8); printa("%@d", @c9); printa("%@d", @c10); printa("%@d", @c11); printa("%@d", @c12); printa("%@d", @c13); printa("%@d", @c14); printa("%@d", @c15); printa("%@d", @c16); printa("%@d", @c17); printa("%@d", @c18); printa("%@d", @c19); printa("%@d", @c20); printa("%@d", @c21); printa("%@d", @c22); printa("%@d", @c23); printa("%@d", @c24); printa("%@d", @c25); printa("%@d", @c26); printa("%@d", @c27); printa("%@d", @c28); printa("%@d", @c29); printa("%@d", @c30); printa("%@d", @c31); printa("%@d", @c32); printa("%@d", @c33); printa("%@d", @c34); printa("%@d", @c35); printa("%@d", @c36); printa("%@d", @c37); printa("%@d", @c38); printa("%@d", @c39); printa("%@d", @c40); printa("%@d", @c41); printa("%@d", @c42); printa("%@d", @c43); printa("%@d", @c44); printa("%@d", @c45); printa("%@d", @c46); printa("%@d", @c47); printa("%@d", @c48); printa("%@d", @c49); printa("%@d", @c50); printa("%@d", @c51); printa("%@d", @c52); printa("%@d", @c53); printa("%@d", @c54); printa("%@d", @c55); printa("%@d", @c56); printa("%@d", @c57); printa("%@d", @c58); printa("%@d", @c59); printa("%@d", @c60); printa("%@d", @c61); printa("%@d", @c62); printa("%@d", @c63); printa("%@d", @c64); printa("%@d", @c65); printa("%@d", @c66); printa("%@d", @c67); printa("%@d", @c68); printa("%@d", @c69);
	printf("\n");
}
