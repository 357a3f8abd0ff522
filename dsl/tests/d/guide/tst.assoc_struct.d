/* Structures: one associative array of structures instead of several arrays. */
struct callinfo {
	uint64_t ts;
	uint64_t elapsed;
	uint64_t calls;
	size_t maxbytes;
};

struct callinfo i[string];
self string name;

BEGIN
{
	i["read"].ts = 10;
	i["write"].ts = 20;
	i["read"].calls++;
	i["read"].calls++;
	i["write"].calls++;
	i["read"].maxbytes = i["read"].maxbytes < 512 ? 512 : i["read"].maxbytes;
	i["read"].elapsed += 100 - i["read"].ts;
}

END
{
	printf("%5s calls %d max bytes %d elapsed %d\n", "read", i["read"].calls, i["read"].maxbytes, i["read"].elapsed);
	printf("%5s calls %d max bytes %d elapsed %d\n", "write", i["write"].calls, i["write"].maxbytes, i["write"].elapsed);
}

BEGIN { exit(0); }
