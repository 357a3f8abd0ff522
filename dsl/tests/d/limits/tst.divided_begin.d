/* More aggregations than a program of the kernel's may use maps: the clauses of BEGIN are divided among programs that call each other.
 * What lasts for the firing is the same in all: this->, strtok(), timestamp; a fault ends its own clause; exit() all that come later. */
/* @err: invalid address */
/* @exit: 3 */
BEGIN
{
	this->n = 40;
	this->text = "forty";
	this->began = timestamp;
	this->wall = walltimestamp;
	this->token = strtok("one two three", " ");
}

BEGIN { @c0 = count(); }
BEGIN { @c1 = count(); }
BEGIN { @c2 = count(); }
BEGIN { @c3 = count(); }
BEGIN { @c4 = count(); }
BEGIN { @c5 = count(); }
BEGIN { @c6 = count(); }
BEGIN { @c7 = count(); }
BEGIN { @c8 = count(); }
BEGIN { @c9 = count(); }
BEGIN { @c10 = count(); }
BEGIN { @c11 = count(); }
BEGIN { @c12 = count(); }
BEGIN { @c13 = count(); }
BEGIN { @c14 = count(); }
BEGIN { @c15 = count(); }
BEGIN { @c16 = count(); }
BEGIN { @c17 = count(); }
BEGIN { @c18 = count(); }
BEGIN { @c19 = count(); }
BEGIN { @c20 = count(); }
BEGIN { @c21 = count(); }
BEGIN { @c22 = count(); }
BEGIN { @c23 = count(); }
BEGIN { @c24 = count(); }
BEGIN { @c25 = count(); }
BEGIN { @c26 = count(); }
BEGIN { @c27 = count(); }
BEGIN { @c28 = count(); }
BEGIN { @c29 = count(); }
BEGIN { @c30 = count(); }
BEGIN { @c31 = count(); }
BEGIN { @c32 = count(); }
BEGIN { @c33 = count(); }
BEGIN { @c34 = count(); }
BEGIN { @c35 = count(); }
BEGIN { @c36 = count(); }
BEGIN { @c37 = count(); }
BEGIN { @c38 = count(); }
BEGIN { @c39 = count(); }
BEGIN { @c40 = count(); }
BEGIN { @c41 = count(); }
BEGIN { @c42 = count(); }
BEGIN { @c43 = count(); }
BEGIN { @c44 = count(); }
BEGIN { @c45 = count(); }
BEGIN { @c46 = count(); }
BEGIN { @c47 = count(); }
BEGIN { @c48 = count(); }
BEGIN { @c49 = count(); }
BEGIN { @c50 = count(); }
BEGIN { @c51 = count(); }
BEGIN { @c52 = count(); }
BEGIN { @c53 = count(); }
BEGIN { @c54 = count(); }
BEGIN { @c55 = count(); }
BEGIN { @c56 = count(); }
BEGIN { @c57 = count(); }
BEGIN { @c58 = count(); }
BEGIN { @c59 = count(); }

BEGIN
{
	this->n += 2;
	self->seen = this->text;
	printf("%s %d %s, %s\n", this->token, this->n, this->text, strtok(NULL, " "));
}

BEGIN
{
	printf("never: %d\n", *(int *)64);
}

BEGIN { @c60 = count(); }
BEGIN { @c61 = count(); }
BEGIN { @c62 = count(); }
BEGIN { @c63 = count(); }
BEGIN { @c64 = count(); }
BEGIN { @c65 = count(); }
BEGIN { @c66 = count(); }
BEGIN { @c67 = count(); }
BEGIN { @c68 = count(); }
BEGIN { @c69 = count(); }
BEGIN { @c70 = count(); }
BEGIN { @c71 = count(); }
BEGIN { @c72 = count(); }
BEGIN { @c73 = count(); }
BEGIN { @c74 = count(); }
BEGIN { @c75 = count(); }
BEGIN { @c76 = count(); }
BEGIN { @c77 = count(); }
BEGIN { @c78 = count(); }
BEGIN { @c79 = count(); }
BEGIN { @c80 = count(); }
BEGIN { @c81 = count(); }
BEGIN { @c82 = count(); }
BEGIN { @c83 = count(); }
BEGIN { @c84 = count(); }
BEGIN { @c85 = count(); }
BEGIN { @c86 = count(); }
BEGIN { @c87 = count(); }
BEGIN { @c88 = count(); }
BEGIN { @c89 = count(); }
BEGIN { @c90 = count(); }
BEGIN { @c91 = count(); }
BEGIN { @c92 = count(); }
BEGIN { @c93 = count(); }
BEGIN { @c94 = count(); }
BEGIN { @c95 = count(); }
BEGIN { @c96 = count(); }
BEGIN { @c97 = count(); }
BEGIN { @c98 = count(); }
BEGIN { @c99 = count(); }
BEGIN { @c100 = count(); }
BEGIN { @c101 = count(); }
BEGIN { @c102 = count(); }
BEGIN { @c103 = count(); }
BEGIN { @c104 = count(); }
BEGIN { @c105 = count(); }
BEGIN { @c106 = count(); }
BEGIN { @c107 = count(); }
BEGIN { @c108 = count(); }
BEGIN { @c109 = count(); }
BEGIN { @c110 = count(); }
BEGIN { @c111 = count(); }
BEGIN { @c112 = count(); }
BEGIN { @c113 = count(); }
BEGIN { @c114 = count(); }
BEGIN { @c115 = count(); }
BEGIN { @c116 = count(); }
BEGIN { @c117 = count(); }
BEGIN { @c118 = count(); }
BEGIN { @c119 = count(); }

BEGIN
{
	printf("%s, %s, %d\n", strtok(NULL, " "), self->seen, this->n);
	printf("%s time\n", timestamp == this->began && walltimestamp == this->wall ? "the same" : "another");
	exit(3);
}

BEGIN { @c120 = count(); }
BEGIN { @c121 = count(); }
BEGIN { @c122 = count(); }
BEGIN { @c123 = count(); }
BEGIN { @c124 = count(); }
BEGIN { @c125 = count(); }
BEGIN { @c126 = count(); }
BEGIN { @c127 = count(); }
BEGIN { @c128 = count(); }
BEGIN { @c129 = count(); }
BEGIN { @c130 = count(); }
BEGIN { @c131 = count(); }
BEGIN { @c132 = count(); }
BEGIN { @c133 = count(); }
BEGIN { @c134 = count(); }
BEGIN { @c135 = count(); }
BEGIN { @c136 = count(); }
BEGIN { @c137 = count(); }
BEGIN { @c138 = count(); }
BEGIN { @c139 = count(); }
BEGIN { @c140 = count(); }
BEGIN { @c141 = count(); }
BEGIN { @c142 = count(); }
BEGIN { @c143 = count(); }
BEGIN { @c144 = count(); }
BEGIN { @c145 = count(); }
BEGIN { @c146 = count(); }
BEGIN { @c147 = count(); }
BEGIN { @c148 = count(); }
BEGIN { @c149 = count(); }
BEGIN { @c150 = count(); }
BEGIN { @c151 = count(); }
BEGIN { @c152 = count(); }
BEGIN { @c153 = count(); }
BEGIN { @c154 = count(); }
BEGIN { @c155 = count(); }
BEGIN { @c156 = count(); }
BEGIN { @c157 = count(); }
BEGIN { @c158 = count(); }
BEGIN { @c159 = count(); }
BEGIN { @c160 = count(); }
BEGIN { @c161 = count(); }
BEGIN { @c162 = count(); }
BEGIN { @c163 = count(); }
BEGIN { @c164 = count(); }
BEGIN { @c165 = count(); }
BEGIN { @c166 = count(); }
BEGIN { @c167 = count(); }
BEGIN { @c168 = count(); }
BEGIN { @c169 = count(); }
BEGIN { @c170 = count(); }
BEGIN { @c171 = count(); }
BEGIN { @c172 = count(); }
BEGIN { @c173 = count(); }
BEGIN { @c174 = count(); }
BEGIN { @c175 = count(); }
BEGIN { @c176 = count(); }
BEGIN { @c177 = count(); }
BEGIN { @c178 = count(); }
BEGIN { @c179 = count(); }

ERROR
{
	printf("fault %d\n", arg4);
}

END
{
	printa("%@d", @c0); printa("%@d", @c1); printa("%@d", @c2); printa("%@d", @c3); printa("%@d", @c4); printa("%@d", @c5); printa("%@d", @c6); printa("%@d", @c7); printa("%@d", @c8); printa("%@d", @c9); printa("%@d", @c10); printa("%@d", @c11); printa("%@d", @c12); printa("%@d", @c13); printa("%@d", @c14); printa("%@d", @c15); printa("%@d", @c16); printa("%@d", @c17); printa("%@d", @c18); printa("%@d", @c19); printa("%@d", @c20); printa("%@d", @c21); printa("%@d", @c22); printa("%@d", @c23); printa("%@d", @c24); printa("%@d", @c25); printa("%@d", @c26); printa("%@d", @c27); printa("%@d", @c28); printa("%@d", @c29); printa("%@d", @c30); printa("%@d", @c31); printa("%@d", @c32); printa("%@d", @c33); printa("%@d", @c34); printa("%@d", @c35); printa("%@d", @c36); printa("%@d", @c37); printa("%@d", @c38); printa("%@d", @c39); printa("%@d", @c40); printa("%@d", @c41); printa("%@d", @c42); printa("%@d", @c43); printa("%@d", @c44); printa("%@d", @c45); printa("%@d", @c46); printa("%@d", @c47); printa("%@d", @c48); printa("%@d", @c49); printa("%@d", @c50); printa("%@d", @c51); printa("%@d", @c52); printa("%@d", @c53); printa("%@d", @c54); printa("%@d", @c55); printa("%@d", @c56); printa("%@d", @c57); printa("%@d", @c58); printa("%@d", @c59); printa("%@d", @c60); printa("%@d", @c61); printa("%@d", @c62); printa("%@d", @c63); printa("%@d", @c64); printa("%@d", @c65); printa("%@d", @c66); printa("%@d", @c67); printa("%@d", @c68); printa("%@d", @c69); printa("%@d", @c70); printa("%@d", @c71); printa("%@d", @c72); printa("%@d", @c73); printa("%@d", @c74); printa("%@d", @c75); printa("%@d", @c76); printa("%@d", @c77); printa("%@d", @c78); printa("%@d", @c79); printa("%@d", @c80); printa("%@d", @c81); printa("%@d", @c82); printa("%@d", @c83); printa("%@d", @c84); printa("%@d", @c85); printa("%@d", @c86); printa("%@d", @c87); printa("%@d", @c88); printa("%@d", @c89); printa("%@d", @c90); printa("%@d", @c91); printa("%@d", @c92); printa("%@d", @c93); printa("%@d", @c94); printa("%@d", @c95); printa("%@d", @c96); printa("%@d", @c97); printa("%@d", @c98); printa("%@d", @c99); printa("%@d", @c100); printa("%@d", @c101); printa("%@d", @c102); printa("%@d", @c103); printa("%@d", @c104); printa("%@d", @c105); printa("%@d", @c106); printa("%@d", @c107); printa("%@d", @c108); printa("%@d", @c109); printa("%@d", @c110); printa("%@d", @c111); printa("%@d", @c112); printa("%@d", @c113); printa("%@d", @c114); printa("%@d", @c115); printa("%@d", @c116); printa("%@d", @c117); printa("%@d", @c118); printa("%@d", @c119); printa("%@d", @c120); printa("%@d", @c121); printa("%@d", @c122); printa("%@d", @c123); printa("%@d", @c124); printa("%@d", @c125); printa("%@d", @c126); printa("%@d", @c127); printa("%@d", @c128); printa("%@d", @c129); printa("%@d", @c130); printa("%@d", @c131); printa("%@d", @c132); printa("%@d", @c133); printa("%@d", @c134); printa("%@d", @c135); printa("%@d", @c136); printa("%@d", @c137); printa("%@d", @c138); printa("%@d", @c139); printa("%@d", @c140); printa("%@d", @c141); printa("%@d", @c142); printa("%@d", @c143); printa("%@d", @c144); printa("%@d", @c145); printa("%@d", @c146); printa("%@d", @c147); printa("%@d", @c148); printa("%@d", @c149); printa("%@d", @c150); printa("%@d", @c151); printa("%@d", @c152); printa("%@d", @c153); printa("%@d", @c154); printa("%@d", @c155); printa("%@d", @c156); printa("%@d", @c157); printa("%@d", @c158); printa("%@d", @c159); printa("%@d", @c160); printa("%@d", @c161); printa("%@d", @c162); printa("%@d", @c163); printa("%@d", @c164); printa("%@d", @c165); printa("%@d", @c166); printa("%@d", @c167); printa("%@d", @c168); printa("%@d", @c169); printa("%@d", @c170); printa("%@d", @c171); printa("%@d", @c172); printa("%@d", @c173); printa("%@d", @c174); printa("%@d", @c175); printa("%@d", @c176); printa("%@d", @c177); printa("%@d", @c178); printa("%@d", @c179);
	printf("\n");
}
