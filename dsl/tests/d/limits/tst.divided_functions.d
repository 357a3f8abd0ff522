/* As tst.divided_begin.d, of functions: of two, whose names the clauses at the end still tell apart. */
/* @needs: fbt::vfs_read:entry,fbt::vfs_write:entry,fbt::vfs_read:return */
/* @cmd: /bin/cat /dev/null */
int wrong, firings, returns, seen[string];

fbt::vfs_read:entry, fbt::vfs_write:entry
/pid == $target/
{
	this->mine = 1;
	this->file = arg0;
	this->token = strtok("a b", " ");
}

fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c0 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c1 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c2 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c3 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c4 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c5 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c6 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c7 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c8 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c9 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c10 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c11 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c12 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c13 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c14 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c15 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c16 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c17 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c18 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c19 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c20 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c21 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c22 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c23 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c24 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c25 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c26 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c27 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c28 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c29 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c30 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c31 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c32 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c33 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c34 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c35 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c36 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c37 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c38 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c39 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c40 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c41 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c42 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c43 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c44 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c45 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c46 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c47 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c48 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c49 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c50 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c51 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c52 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c53 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c54 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c55 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c56 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c57 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c58 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c59 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c60 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c61 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c62 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c63 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c64 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c65 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c66 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c67 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c68 = max(1); }
fbt::vfs_read:entry, fbt::vfs_write:entry /this->mine/ { @c69 = max(1); }

fbt::vfs_read:entry, fbt::vfs_write:entry
/this->mine/
{
	wrong += this->file != arg0 || strtok(NULL, " ") != "b";
	seen[probefunc]++;
	firings++;
	self->in = timestamp;
}

fbt::vfs_read:return
/self->in/
{
	this->out = timestamp;
	this->in = self->in;
	self->in = 0;
}

fbt::vfs_read:return /this->in/ { @c70 = max(1); }
fbt::vfs_read:return /this->in/ { @c71 = max(1); }
fbt::vfs_read:return /this->in/ { @c72 = max(1); }
fbt::vfs_read:return /this->in/ { @c73 = max(1); }
fbt::vfs_read:return /this->in/ { @c74 = max(1); }
fbt::vfs_read:return /this->in/ { @c75 = max(1); }
fbt::vfs_read:return /this->in/ { @c76 = max(1); }
fbt::vfs_read:return /this->in/ { @c77 = max(1); }
fbt::vfs_read:return /this->in/ { @c78 = max(1); }
fbt::vfs_read:return /this->in/ { @c79 = max(1); }
fbt::vfs_read:return /this->in/ { @c80 = max(1); }
fbt::vfs_read:return /this->in/ { @c81 = max(1); }
fbt::vfs_read:return /this->in/ { @c82 = max(1); }
fbt::vfs_read:return /this->in/ { @c83 = max(1); }
fbt::vfs_read:return /this->in/ { @c84 = max(1); }
fbt::vfs_read:return /this->in/ { @c85 = max(1); }
fbt::vfs_read:return /this->in/ { @c86 = max(1); }
fbt::vfs_read:return /this->in/ { @c87 = max(1); }
fbt::vfs_read:return /this->in/ { @c88 = max(1); }
fbt::vfs_read:return /this->in/ { @c89 = max(1); }
fbt::vfs_read:return /this->in/ { @c90 = max(1); }
fbt::vfs_read:return /this->in/ { @c91 = max(1); }
fbt::vfs_read:return /this->in/ { @c92 = max(1); }
fbt::vfs_read:return /this->in/ { @c93 = max(1); }
fbt::vfs_read:return /this->in/ { @c94 = max(1); }
fbt::vfs_read:return /this->in/ { @c95 = max(1); }
fbt::vfs_read:return /this->in/ { @c96 = max(1); }
fbt::vfs_read:return /this->in/ { @c97 = max(1); }
fbt::vfs_read:return /this->in/ { @c98 = max(1); }
fbt::vfs_read:return /this->in/ { @c99 = max(1); }
fbt::vfs_read:return /this->in/ { @c100 = max(1); }
fbt::vfs_read:return /this->in/ { @c101 = max(1); }
fbt::vfs_read:return /this->in/ { @c102 = max(1); }
fbt::vfs_read:return /this->in/ { @c103 = max(1); }
fbt::vfs_read:return /this->in/ { @c104 = max(1); }
fbt::vfs_read:return /this->in/ { @c105 = max(1); }
fbt::vfs_read:return /this->in/ { @c106 = max(1); }
fbt::vfs_read:return /this->in/ { @c107 = max(1); }
fbt::vfs_read:return /this->in/ { @c108 = max(1); }
fbt::vfs_read:return /this->in/ { @c109 = max(1); }
fbt::vfs_read:return /this->in/ { @c110 = max(1); }
fbt::vfs_read:return /this->in/ { @c111 = max(1); }
fbt::vfs_read:return /this->in/ { @c112 = max(1); }
fbt::vfs_read:return /this->in/ { @c113 = max(1); }
fbt::vfs_read:return /this->in/ { @c114 = max(1); }
fbt::vfs_read:return /this->in/ { @c115 = max(1); }
fbt::vfs_read:return /this->in/ { @c116 = max(1); }
fbt::vfs_read:return /this->in/ { @c117 = max(1); }
fbt::vfs_read:return /this->in/ { @c118 = max(1); }
fbt::vfs_read:return /this->in/ { @c119 = max(1); }
fbt::vfs_read:return /this->in/ { @c120 = max(1); }
fbt::vfs_read:return /this->in/ { @c121 = max(1); }
fbt::vfs_read:return /this->in/ { @c122 = max(1); }
fbt::vfs_read:return /this->in/ { @c123 = max(1); }
fbt::vfs_read:return /this->in/ { @c124 = max(1); }
fbt::vfs_read:return /this->in/ { @c125 = max(1); }
fbt::vfs_read:return /this->in/ { @c126 = max(1); }
fbt::vfs_read:return /this->in/ { @c127 = max(1); }
fbt::vfs_read:return /this->in/ { @c128 = max(1); }
fbt::vfs_read:return /this->in/ { @c129 = max(1); }
fbt::vfs_read:return /this->in/ { @c130 = max(1); }
fbt::vfs_read:return /this->in/ { @c131 = max(1); }
fbt::vfs_read:return /this->in/ { @c132 = max(1); }
fbt::vfs_read:return /this->in/ { @c133 = max(1); }
fbt::vfs_read:return /this->in/ { @c134 = max(1); }
fbt::vfs_read:return /this->in/ { @c135 = max(1); }
fbt::vfs_read:return /this->in/ { @c136 = max(1); }
fbt::vfs_read:return /this->in/ { @c137 = max(1); }
fbt::vfs_read:return /this->in/ { @c138 = max(1); }
fbt::vfs_read:return /this->in/ { @c139 = max(1); }

fbt::vfs_read:return
/this->in/
{
	wrong += this->out < this->in || this->out != timestamp;
	returns++;
}

END
{
	printf("%s, %s, %d wrong\n", seen["vfs_read"] > 0 ? "read" : "never", returns > 0 ? "returned" : "never", wrong);
	printf("%s\n", seen["vfs_read"] + seen["vfs_write"] == firings ? "all" : "not all");
	printa("%@d", @c0); printa("%@d", @c1); printa("%@d", @c2); printa("%@d", @c3); printa("%@d", @c4); printa("%@d", @c5); printa("%@d", @c6); printa("%@d", @c7); printa("%@d", @c8); printa("%@d", @c9); printa("%@d", @c10); printa("%@d", @c11); printa("%@d", @c12); printa("%@d", @c13); printa("%@d", @c14); printa("%@d", @c15); printa("%@d", @c16); printa("%@d", @c17); printa("%@d", @c18); printa("%@d", @c19); printa("%@d", @c20); printa("%@d", @c21); printa("%@d", @c22); printa("%@d", @c23); printa("%@d", @c24); printa("%@d", @c25); printa("%@d", @c26); printa("%@d", @c27); printa("%@d", @c28); printa("%@d", @c29); printa("%@d", @c30); printa("%@d", @c31); printa("%@d", @c32); printa("%@d", @c33); printa("%@d", @c34); printa("%@d", @c35); printa("%@d", @c36); printa("%@d", @c37); printa("%@d", @c38); printa("%@d", @c39); printa("%@d", @c40); printa("%@d", @c41); printa("%@d", @c42); printa("%@d", @c43); printa("%@d", @c44); printa("%@d", @c45); printa("%@d", @c46); printa("%@d", @c47); printa("%@d", @c48); printa("%@d", @c49); printa("%@d", @c50); printa("%@d", @c51); printa("%@d", @c52); printa("%@d", @c53); printa("%@d", @c54); printa("%@d", @c55); printa("%@d", @c56); printa("%@d", @c57); printa("%@d", @c58); printa("%@d", @c59); printa("%@d", @c60); printa("%@d", @c61); printa("%@d", @c62); printa("%@d", @c63); printa("%@d", @c64); printa("%@d", @c65); printa("%@d", @c66); printa("%@d", @c67); printa("%@d", @c68); printa("%@d", @c69); printa("%@d", @c70); printa("%@d", @c71); printa("%@d", @c72); printa("%@d", @c73); printa("%@d", @c74); printa("%@d", @c75); printa("%@d", @c76); printa("%@d", @c77); printa("%@d", @c78); printa("%@d", @c79); printa("%@d", @c80); printa("%@d", @c81); printa("%@d", @c82); printa("%@d", @c83); printa("%@d", @c84); printa("%@d", @c85); printa("%@d", @c86); printa("%@d", @c87); printa("%@d", @c88); printa("%@d", @c89); printa("%@d", @c90); printa("%@d", @c91); printa("%@d", @c92); printa("%@d", @c93); printa("%@d", @c94); printa("%@d", @c95); printa("%@d", @c96); printa("%@d", @c97); printa("%@d", @c98); printa("%@d", @c99); printa("%@d", @c100); printa("%@d", @c101); printa("%@d", @c102); printa("%@d", @c103); printa("%@d", @c104); printa("%@d", @c105); printa("%@d", @c106); printa("%@d", @c107); printa("%@d", @c108); printa("%@d", @c109); printa("%@d", @c110); printa("%@d", @c111); printa("%@d", @c112); printa("%@d", @c113); printa("%@d", @c114); printa("%@d", @c115); printa("%@d", @c116); printa("%@d", @c117); printa("%@d", @c118); printa("%@d", @c119); printa("%@d", @c120); printa("%@d", @c121); printa("%@d", @c122); printa("%@d", @c123); printa("%@d", @c124); printa("%@d", @c125); printa("%@d", @c126); printa("%@d", @c127); printa("%@d", @c128); printa("%@d", @c129); printa("%@d", @c130); printa("%@d", @c131); printa("%@d", @c132); printa("%@d", @c133); printa("%@d", @c134); printa("%@d", @c135); printa("%@d", @c136); printa("%@d", @c137); printa("%@d", @c138); printa("%@d", @c139);
	printf("\n");
}
