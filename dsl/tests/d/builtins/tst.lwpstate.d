/* A thread that asks about itself runs. */
BEGIN
{
	printf("%d %c %s\n", curlwpsinfo->pr_state == SONPROC, curlwpsinfo->pr_sname, curlwpsinfo->pr_name == execname ? "same" : "other");
	exit(0);
}
