/* As tst.divided_begin.d, of a timer: one firing, in order. */
int done, n, wrong;

tick-20ms
/!done/
{
	this->n = ++n;
	this->began = timestamp;
}

tick-20ms /this->n/ { @c0 = count(); }
tick-20ms /this->n/ { @c1 = count(); }
tick-20ms /this->n/ { @c2 = count(); }
tick-20ms /this->n/ { @c3 = count(); }
tick-20ms /this->n/ { @c4 = count(); }
tick-20ms /this->n/ { @c5 = count(); }
tick-20ms /this->n/ { @c6 = count(); }
tick-20ms /this->n/ { @c7 = count(); }
tick-20ms /this->n/ { @c8 = count(); }
tick-20ms /this->n/ { @c9 = count(); }
tick-20ms /this->n/ { @c10 = count(); }
tick-20ms /this->n/ { @c11 = count(); }
tick-20ms /this->n/ { @c12 = count(); }
tick-20ms /this->n/ { @c13 = count(); }
tick-20ms /this->n/ { @c14 = count(); }
tick-20ms /this->n/ { @c15 = count(); }
tick-20ms /this->n/ { @c16 = count(); }
tick-20ms /this->n/ { @c17 = count(); }
tick-20ms /this->n/ { @c18 = count(); }
tick-20ms /this->n/ { @c19 = count(); }
tick-20ms /this->n/ { @c20 = count(); }
tick-20ms /this->n/ { @c21 = count(); }
tick-20ms /this->n/ { @c22 = count(); }
tick-20ms /this->n/ { @c23 = count(); }
tick-20ms /this->n/ { @c24 = count(); }
tick-20ms /this->n/ { @c25 = count(); }
tick-20ms /this->n/ { @c26 = count(); }
tick-20ms /this->n/ { @c27 = count(); }
tick-20ms /this->n/ { @c28 = count(); }
tick-20ms /this->n/ { @c29 = count(); }
tick-20ms /this->n/ { @c30 = count(); }
tick-20ms /this->n/ { @c31 = count(); }
tick-20ms /this->n/ { @c32 = count(); }
tick-20ms /this->n/ { @c33 = count(); }
tick-20ms /this->n/ { @c34 = count(); }
tick-20ms /this->n/ { @c35 = count(); }
tick-20ms /this->n/ { @c36 = count(); }
tick-20ms /this->n/ { @c37 = count(); }
tick-20ms /this->n/ { @c38 = count(); }
tick-20ms /this->n/ { @c39 = count(); }
tick-20ms /this->n/ { @c40 = count(); }
tick-20ms /this->n/ { @c41 = count(); }
tick-20ms /this->n/ { @c42 = count(); }
tick-20ms /this->n/ { @c43 = count(); }
tick-20ms /this->n/ { @c44 = count(); }
tick-20ms /this->n/ { @c45 = count(); }
tick-20ms /this->n/ { @c46 = count(); }
tick-20ms /this->n/ { @c47 = count(); }
tick-20ms /this->n/ { @c48 = count(); }
tick-20ms /this->n/ { @c49 = count(); }
tick-20ms /this->n/ { @c50 = count(); }
tick-20ms /this->n/ { @c51 = count(); }
tick-20ms /this->n/ { @c52 = count(); }
tick-20ms /this->n/ { @c53 = count(); }
tick-20ms /this->n/ { @c54 = count(); }
tick-20ms /this->n/ { @c55 = count(); }
tick-20ms /this->n/ { @c56 = count(); }
tick-20ms /this->n/ { @c57 = count(); }
tick-20ms /this->n/ { @c58 = count(); }
tick-20ms /this->n/ { @c59 = count(); }
tick-20ms /this->n/ { @c60 = count(); }
tick-20ms /this->n/ { @c61 = count(); }
tick-20ms /this->n/ { @c62 = count(); }
tick-20ms /this->n/ { @c63 = count(); }
tick-20ms /this->n/ { @c64 = count(); }
tick-20ms /this->n/ { @c65 = count(); }
tick-20ms /this->n/ { @c66 = count(); }
tick-20ms /this->n/ { @c67 = count(); }
tick-20ms /this->n/ { @c68 = count(); }
tick-20ms /this->n/ { @c69 = count(); }

tick-20ms
/this->n/
{
	wrong += this->n != n || this->began != timestamp;
	@all = count();
}

tick-20ms /this->n/ { @c70 = count(); }
tick-20ms /this->n/ { @c71 = count(); }
tick-20ms /this->n/ { @c72 = count(); }
tick-20ms /this->n/ { @c73 = count(); }
tick-20ms /this->n/ { @c74 = count(); }
tick-20ms /this->n/ { @c75 = count(); }
tick-20ms /this->n/ { @c76 = count(); }
tick-20ms /this->n/ { @c77 = count(); }
tick-20ms /this->n/ { @c78 = count(); }
tick-20ms /this->n/ { @c79 = count(); }
tick-20ms /this->n/ { @c80 = count(); }
tick-20ms /this->n/ { @c81 = count(); }
tick-20ms /this->n/ { @c82 = count(); }
tick-20ms /this->n/ { @c83 = count(); }
tick-20ms /this->n/ { @c84 = count(); }
tick-20ms /this->n/ { @c85 = count(); }
tick-20ms /this->n/ { @c86 = count(); }
tick-20ms /this->n/ { @c87 = count(); }
tick-20ms /this->n/ { @c88 = count(); }
tick-20ms /this->n/ { @c89 = count(); }
tick-20ms /this->n/ { @c90 = count(); }
tick-20ms /this->n/ { @c91 = count(); }
tick-20ms /this->n/ { @c92 = count(); }
tick-20ms /this->n/ { @c93 = count(); }
tick-20ms /this->n/ { @c94 = count(); }
tick-20ms /this->n/ { @c95 = count(); }
tick-20ms /this->n/ { @c96 = count(); }
tick-20ms /this->n/ { @c97 = count(); }
tick-20ms /this->n/ { @c98 = count(); }
tick-20ms /this->n/ { @c99 = count(); }
tick-20ms /this->n/ { @c100 = count(); }
tick-20ms /this->n/ { @c101 = count(); }
tick-20ms /this->n/ { @c102 = count(); }
tick-20ms /this->n/ { @c103 = count(); }
tick-20ms /this->n/ { @c104 = count(); }
tick-20ms /this->n/ { @c105 = count(); }
tick-20ms /this->n/ { @c106 = count(); }
tick-20ms /this->n/ { @c107 = count(); }
tick-20ms /this->n/ { @c108 = count(); }
tick-20ms /this->n/ { @c109 = count(); }
tick-20ms /this->n/ { @c110 = count(); }
tick-20ms /this->n/ { @c111 = count(); }
tick-20ms /this->n/ { @c112 = count(); }
tick-20ms /this->n/ { @c113 = count(); }
tick-20ms /this->n/ { @c114 = count(); }
tick-20ms /this->n/ { @c115 = count(); }
tick-20ms /this->n/ { @c116 = count(); }
tick-20ms /this->n/ { @c117 = count(); }
tick-20ms /this->n/ { @c118 = count(); }
tick-20ms /this->n/ { @c119 = count(); }
tick-20ms /this->n/ { @c120 = count(); }
tick-20ms /this->n/ { @c121 = count(); }
tick-20ms /this->n/ { @c122 = count(); }
tick-20ms /this->n/ { @c123 = count(); }
tick-20ms /this->n/ { @c124 = count(); }
tick-20ms /this->n/ { @c125 = count(); }
tick-20ms /this->n/ { @c126 = count(); }
tick-20ms /this->n/ { @c127 = count(); }
tick-20ms /this->n/ { @c128 = count(); }
tick-20ms /this->n/ { @c129 = count(); }
tick-20ms /this->n/ { @c130 = count(); }
tick-20ms /this->n/ { @c131 = count(); }
tick-20ms /this->n/ { @c132 = count(); }
tick-20ms /this->n/ { @c133 = count(); }
tick-20ms /this->n/ { @c134 = count(); }
tick-20ms /this->n/ { @c135 = count(); }
tick-20ms /this->n/ { @c136 = count(); }
tick-20ms /this->n/ { @c137 = count(); }
tick-20ms /this->n/ { @c138 = count(); }
tick-20ms /this->n/ { @c139 = count(); }

tick-20ms
/this->n == 5/
{
	done = 1;
	printf("%d firings, %d wrong\n", n, wrong);
	exit(0);
}

END
{
	printa("%@d\n", @all);
	printa("%@d", @c0); printa("%@d", @c1); printa("%@d", @c2); printa("%@d", @c3); printa("%@d", @c4); printa("%@d", @c5); printa("%@d", @c6); printa("%@d", @c7); printa("%@d", @c8); printa("%@d", @c9); printa("%@d", @c10); printa("%@d", @c11); printa("%@d", @c12); printa("%@d", @c13); printa("%@d", @c14); printa("%@d", @c15); printa("%@d", @c16); printa("%@d", @c17); printa("%@d", @c18); printa("%@d", @c19); printa("%@d", @c20); printa("%@d", @c21); printa("%@d", @c22); printa("%@d", @c23); printa("%@d", @c24); printa("%@d", @c25); printa("%@d", @c26); printa("%@d", @c27); printa("%@d", @c28); printa("%@d", @c29); printa("%@d", @c30); printa("%@d", @c31); printa("%@d", @c32); printa("%@d", @c33); printa("%@d", @c34); printa("%@d", @c35); printa("%@d", @c36); printa("%@d", @c37); printa("%@d", @c38); printa("%@d", @c39); printa("%@d", @c40); printa("%@d", @c41); printa("%@d", @c42); printa("%@d", @c43); printa("%@d", @c44); printa("%@d", @c45); printa("%@d", @c46); printa("%@d", @c47); printa("%@d", @c48); printa("%@d", @c49); printa("%@d", @c50); printa("%@d", @c51); printa("%@d", @c52); printa("%@d", @c53); printa("%@d", @c54); printa("%@d", @c55); printa("%@d", @c56); printa("%@d", @c57); printa("%@d", @c58); printa("%@d", @c59); printa("%@d", @c60); printa("%@d", @c61); printa("%@d", @c62); printa("%@d", @c63); printa("%@d", @c64); printa("%@d", @c65); printa("%@d", @c66); printa("%@d", @c67); printa("%@d", @c68); printa("%@d", @c69); printa("%@d", @c70); printa("%@d", @c71); printa("%@d", @c72); printa("%@d", @c73); printa("%@d", @c74); printa("%@d", @c75); printa("%@d", @c76); printa("%@d", @c77); printa("%@d", @c78); printa("%@d", @c79); printa("%@d", @c80); printa("%@d", @c81); printa("%@d", @c82); printa("%@d", @c83); printa("%@d", @c84); printa("%@d", @c85); printa("%@d", @c86); printa("%@d", @c87); printa("%@d", @c88); printa("%@d", @c89); printa("%@d", @c90); printa("%@d", @c91); printa("%@d", @c92); printa("%@d", @c93); printa("%@d", @c94); printa("%@d", @c95); printa("%@d", @c96); printa("%@d", @c97); printa("%@d", @c98); printa("%@d", @c99); printa("%@d", @c100); printa("%@d", @c101); printa("%@d", @c102); printa("%@d", @c103); printa("%@d", @c104); printa("%@d", @c105); printa("%@d", @c106); printa("%@d", @c107); printa("%@d", @c108); printa("%@d", @c109); printa("%@d", @c110); printa("%@d", @c111); printa("%@d", @c112); printa("%@d", @c113); printa("%@d", @c114); printa("%@d", @c115); printa("%@d", @c116); printa("%@d", @c117); printa("%@d", @c118); printa("%@d", @c119); printa("%@d", @c120); printa("%@d", @c121); printa("%@d", @c122); printa("%@d", @c123); printa("%@d", @c124); printa("%@d", @c125); printa("%@d", @c126); printa("%@d", @c127); printa("%@d", @c128); printa("%@d", @c129); printa("%@d", @c130); printa("%@d", @c131); printa("%@d", @c132); printa("%@d", @c133); printa("%@d", @c134); printa("%@d", @c135); printa("%@d", @c136); printa("%@d", @c137); printa("%@d", @c138); printa("%@d", @c139);
	printf("\n");
}
