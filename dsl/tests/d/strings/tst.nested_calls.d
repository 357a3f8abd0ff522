/* Subroutines as arguments of others. */
BEGIN
{
	this->s = "/usr/share/dict/words.txt";
	printf("%s\n", substr(basename(this->s), 0, index(basename(this->s), ".")));
	printf("%s\n", strstr(dirname(this->s), "share"));
	printf("%d\n", strlen(strjoin(basename(this->s), dirname(this->s))));
	exit(0);
}
