/* Keys that are computed. */
BEGIN
{
	this->k = strjoin("a", "b");
	@[this->k] = count();
	@["ab"] = count();
	@[strlen(this->k) == 2 ? "ab" : "zz"] = count();
	exit(0);
}
