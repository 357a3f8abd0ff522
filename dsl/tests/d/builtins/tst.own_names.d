/* Names that are ours alone give way to a program's own. */
int nstid;
enum { pidns = 4 };
inline string cgroupid = "an inline";

BEGIN
{
	cgroup = "mine";
	nspid += 2;
	nstid++;
	printf("%s %d %d %d %s\n", cgroup, nspid, nstid, pidns, cgroupid);
	exit(0);
}
