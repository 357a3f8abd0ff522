/* Twenty strings at once. */
BEGIN
{
	s0 = "v0"; s1 = "v1"; s2 = "v2"; s3 = "v3"; s4 = "v4"; s5 = "v5"; s6 = "v6"; s7 = "v7"; s8 = "v8"; s9 = "v9"; s10 = "v10"; s11 = "v11"; s12 = "v12"; s13 = "v13"; s14 = "v14"; s15 = "v15"; s16 = "v16"; s17 = "v17"; s18 = "v18"; s19 = "v19"; 
	this->all = strjoin(s0, strjoin(s7, s19));
	printf("%s\n", this->all);
	exit(0);
}
