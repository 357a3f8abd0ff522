/* The state lives from call to call: any of the delimiters ends a token, and runs of them count as one. */
BEGIN
{
	this->s = strtok(";;a,bc;;d", ",;");
	printf("[%s]", this->s);
	this->s = strtok(NULL, ",;");
	printf("[%s]", this->s);
	this->s = strtok(NULL, ";");
	printf("[%s]", this->s);
	this->s = strtok(NULL, ";");
	printf(" %d\n", this->s == NULL);
	printf("[%s]\n", strtok("whole", "x"));
	printf("[%s]\n", strtok("no delimiters", ""));
	printf("%d %d\n", strtok("", ",") == NULL, strtok(",,,", ",") == NULL);
	exit(0);
}
