/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * service.c - what programs may call, by the numbers and with the meaning of
 * the kernel's BPF helpers (include/uapi/linux/bpf.h, enum bpf_func_id).
 *
 * DT_SERVICES is the only list: the verifier's set of known numbers, the check
 * of arguments and the dispatch come from it. What depends on the world goes
 * through env.h.
 *
 * Caller's context: probe context, as dt_run_prog().
 */
#include "dt.h"

/*
 * Argument kinds. The kernel's verifier proves the like before a program runs;
 * here it is looked at on each call, and a wrong one ends the firing.
 */
enum arg {
	NO,		/* unused */
	NUM,		/* any value */
	ADDR,		/* an address that may be anything */
	CTX,		/* the context: not looked at */
	MAP,		/* a map with keys */
	MAPW,		/* one that programs may write */
	RING,		/* a ring */
	KEY,		/* key_bytes of the map, readable */
	VALUE,		/* value_bytes of the map, readable */
	IN,		/* readable, as many bytes as the next argument says */
	OUT,		/* writable, likewise */
	LEN,		/* that number of bytes */
	FUNC,		/* a function of this program */
	STR		/* a NUL-terminated string in the program's memory */
};

#define SERVICE(name) static u64 name(struct dt_run *run, struct dt_map *map, const u64 *a)
#define UNUSED(x) ((void)(x))

static u32 service_comm_bytes(u64 room)
{
	return room < 16 ? (u32)room : 16;
}

SERVICE(map_lookup)
{
	return env_addr(dt_map_lookup(map, env_ptr(a[1]), run->cpu));
}

SERVICE(map_update)
{
	return (u64)dt_map_update(map, env_ptr(a[1]), env_ptr(a[2]), a[3], run->cpu);
}

SERVICE(map_delete)
{
	UNUSED(run);
	return (u64)dt_map_delete(map, env_ptr(a[1]));
}

/*
 * Read @bytes at an address that may be anything. The program's own memory is
 * kernel memory like any other, but only dt_span() knows it in user space.
 */
static u64 read_bytes(struct dt_run *run, u64 to, u64 bytes, u64 from, enum dt_space space)
{
	u32 writable;
	s64 error = 0;

	if (!bytes)
		return 0;
	if ((space & DT_SPACE_KERNEL) && dt_span(run, from, &writable) >= bytes)
		env_memcpy(env_ptr(to), env_ptr(from), bytes);
	else
		error = env_read(run->vm->env, env_ptr(to), from, bytes, space);
	if (error)
		env_memset(env_ptr(to), 0, bytes);
	return (u64)error;
}

static u64 read_string(struct dt_run *run, u64 to, u64 bytes, u64 from, enum dt_space space)
{
	u64 span = 0, i;
	u32 writable;
	char *out = env_ptr(to);
	const char *in = env_ptr(from);
	s64 result;

	if (!bytes)
		return 0;
	if (space & DT_SPACE_KERNEL)
		span = dt_span(run, from, &writable);
	if (span) {
		/* of our own: byte by byte, it may overlap */
		for (i = 0; i < bytes && i < span; i++) {
			out[i] = in[i];
			if (!out[i])
				return i + 1;
		}
		if (i == bytes) {
			out[i - 1] = 0;
			return bytes;
		}
		result = -EFAULT;
	} else {
		result = env_read_str(run->vm->env, out, from, bytes, space);
	}
	if (result < 0)
		env_memset(out, 0, bytes);
	return (u64)result;
}

SERVICE(probe_read)
{
	UNUSED(map);
	return read_bytes(run, a[0], a[1], a[2], DT_SPACE_ANY);
}

SERVICE(probe_read_user)
{
	UNUSED(map);
	return read_bytes(run, a[0], a[1], a[2], DT_SPACE_USER);
}

SERVICE(probe_read_kernel)
{
	UNUSED(map);
	return read_bytes(run, a[0], a[1], a[2], DT_SPACE_KERNEL);
}

SERVICE(probe_read_str)
{
	UNUSED(map);
	return read_string(run, a[0], a[1], a[2], DT_SPACE_ANY);
}

SERVICE(probe_read_user_str)
{
	UNUSED(map);
	return read_string(run, a[0], a[1], a[2], DT_SPACE_USER);
}

SERVICE(probe_read_kernel_str)
{
	UNUSED(map);
	return read_string(run, a[0], a[1], a[2], DT_SPACE_KERNEL);
}

/* The services that only ask the world for a number. */
#define WORLD(name, function)						\
	SERVICE(name)							\
	{								\
		UNUSED(map);						\
		UNUSED(a);						\
		return function(run->vm->env);				\
	}

WORLD(ktime_get_ns, env_ktime_ns)
WORLD(ktime_get_boot_ns, env_ktime_boot_ns)
WORLD(get_prandom_u32, env_random)
WORLD(get_current_pid_tgid, env_pid_tgid)
WORLD(get_current_uid_gid, env_uid_gid)
WORLD(get_current_task, env_task)

SERVICE(get_attach_cookie)
{
	UNUSED(map);
	UNUSED(a);
	return run->firing->cookie;
}

SERVICE(get_func_ip)
{
	UNUSED(map);
	UNUSED(a);
	return run->firing->ip;
}

SERVICE(task_pt_regs)
{
	UNUSED(map);
	return env_task_regs(run->vm->env, a[0]);
}

SERVICE(get_smp_processor_id)
{
	UNUSED(map);
	UNUSED(a);
	return run->cpu;
}

SERVICE(get_current_comm)
{
	char comm[16];
	u8 *to = env_ptr(a[0]);

	UNUSED(map);
	if (!a[1])
		return (u64)-EINVAL;
	env_comm(run->vm->env, comm);
	comm[15] = 0;
	env_memset(to, 0, a[1]);
	env_memcpy(to, comm, service_comm_bytes(a[1]));
	to[a[1] - 1] = 0;
	return 0;
}

#define F_SKIP		0xffull		/* frames to skip */
#define F_USER_STACK	0x100ull

SERVICE(get_stack)
{
	u64 *to = env_ptr(a[1]);
	u32 max = (u32)(a[2] / 8), skip = (u32)(a[3] & F_SKIP), i;
	s64 n;

	UNUSED(map);
	if ((a[3] & ~(F_SKIP | F_USER_STACK)) || (a[2] & 7) || (a[1] & 7))
		return (u64)-EINVAL;
	n = env_stack(run->vm->env, to, max, (a[3] & F_USER_STACK) != 0);
	if (n < 0 || n <= (s64)skip) {
		env_memset(to, 0, a[2]);
		return n < 0 ? (u64)n : (u64)-EFAULT;
	}
	for (i = 0; i + skip < (u32)n; i++)
		to[i] = to[i + skip];
	env_memset(to + i, 0, a[2] - (u64)i * 8);
	return (u64)i * 8;
}

SERVICE(ringbuf_output)
{
	return (u64)dt_ring_output(map, env_ptr(a[1]), a[2], a[3], run->cpu);
}

SERVICE(ringbuf_query)
{
	return (u64)dt_ring_query(map, a[1], run->cpu);
}

/* strncmp(s1, bytes of s1, s2) */
SERVICE(string_compare)
{
	const u8 *s1 = env_ptr(a[0]), *s2 = env_ptr(a[2]);
	u64 i;

	UNUSED(run);
	UNUSED(map);
	for (i = 0; i < a[1]; i++) {
		if (s1[i] != s2[i])
			return s1[i] < s2[i] ? (u64)-1 : 1;
		if (!s1[i])
			break;
	}
	return 0;
}

/* X(number, name, five argument kinds, function). NULL: the interpreter's own. */
#define DT_SERVICES(X)							\
	X(1,   "map_lookup_elem",      MAP,  KEY, NO,    NO,  NO, map_lookup)		\
	X(2,   "map_update_elem",      MAPW, KEY, VALUE, NUM, NO, map_update)		\
	X(3,   "map_delete_elem",      MAPW, KEY, NO,    NO,  NO, map_delete)		\
	X(4,   "probe_read",           OUT,  LEN, ADDR,  NO,  NO, probe_read)		\
	X(5,   "ktime_get_ns",         NO,   NO,  NO,    NO,  NO, ktime_get_ns)		\
	X(7,   "get_prandom_u32",      NO,   NO,  NO,    NO,  NO, get_prandom_u32)	\
	X(8,   "get_smp_processor_id", NO,   NO,  NO,    NO,  NO, get_smp_processor_id)	\
	X(14,  "get_current_pid_tgid", NO,   NO,  NO,    NO,  NO, get_current_pid_tgid)	\
	X(15,  "get_current_uid_gid",  NO,   NO,  NO,    NO,  NO, get_current_uid_gid)	\
	X(16,  "get_current_comm",     OUT,  LEN, NO,    NO,  NO, get_current_comm)	\
	X(35,  "get_current_task",     NO,   NO,  NO,    NO,  NO, get_current_task)	\
	X(45,  "probe_read_str",       OUT,  LEN, ADDR,  NO,  NO, probe_read_str)	\
	X(67,  "get_stack",            CTX,  OUT, LEN,   NUM, NO, get_stack)		\
	X(112, "probe_read_user",      OUT,  LEN, ADDR,  NO,  NO, probe_read_user)	\
	X(113, "probe_read_kernel",    OUT,  LEN, ADDR,  NO,  NO, probe_read_kernel)	\
	X(114, "probe_read_user_str",  OUT,  LEN, ADDR,  NO,  NO, probe_read_user_str)	\
	X(115, "probe_read_kernel_str", OUT, LEN, ADDR,  NO,  NO, probe_read_kernel_str) \
	X(125, "ktime_get_boot_ns",    NO,   NO,  NO,    NO,  NO, ktime_get_boot_ns)	\
	X(130, "ringbuf_output",       RING, IN,  LEN,   NUM, NO, ringbuf_output)	\
	X(134, "ringbuf_query",        RING, NUM, NO,    NO,  NO, ringbuf_query)	\
	X(158, "get_current_task_btf", NO,   NO,  NO,    NO,  NO, get_current_task)	\
	X(173, "get_func_ip",          CTX,  NO,  NO,    NO,  NO, get_func_ip)		\
	X(174, "get_attach_cookie",    CTX,  NO,  NO,    NO,  NO, get_attach_cookie)	\
	X(175, "task_pt_regs",         ADDR, NO,  NO,    NO,  NO, task_pt_regs)		\
	X(DT_SERVICE_LOOP, "loop",     NUM,  FUNC, ADDR, NUM, NO, NULL)			\
	X(182, "strncmp",              IN,   LEN, STR,   NO,  NO, string_compare)

static const struct dt_service services[] = {
#define X(number, name, k1, k2, k3, k4, k5, call) [number] = { name, { k1, k2, k3, k4, k5 }, call },
	DT_SERVICES(X)
#undef X
};

const struct dt_service *dt_service(u32 number)
{
	if (number >= sizeof(services) / sizeof(services[0]) || !services[number].name)
		return NULL;
	return &services[number];
}

static struct dt_map *map_of(struct dt_run *run, u64 handle, u32 kind)
{
	u32 index = (u32)handle;
	struct dt_map *map;

	if ((handle & DT_TAG_MASK) != DT_TAG_MAP || index >= run->vm->map_count)
		return NULL;
	map = &run->vm->maps[index];
	return (map->type == DT_MAP_RING) == (kind == RING) ? map : NULL;
}

static int in_memory(struct dt_run *run, u64 address, u64 bytes, int store)
{
	u32 writable;

	if (!bytes)
		return 1;
	run->fault_address = address;
	return dt_span(run, address, &writable) >= bytes && (!store || writable);
}

/* A string of the program's: its NUL is inside the object. */
static int is_string(struct dt_run *run, u64 address)
{
	u32 writable;
	u64 span = dt_span(run, address, &writable), i;
	const u8 *s = env_ptr(address);

	run->fault_address = address;
	for (i = 0; i < span; i++)
		if (!s[i])
			return 1;
	return 0;
}

u32 dt_call_service(struct dt_run *run, const struct dt_service *service)
{
	const u64 *args = &run->regs[1];
	struct dt_map *map = NULL;
	int i, ok = 1;

	for (i = 0; i < 5; i++) {
		switch (service->args[i]) {
		case NO: /* nor is there any behind it */
			goto call;
		case MAP:
		case MAPW:
		case RING:
			map = map_of(run, args[i], service->args[i]);
			if (!map)
				return DT_CODE_ARG_MAP;
			if (service->args[i] == MAPW && (map->flags & DT_MAP_F_RDONLY))
				return DT_CODE_RDONLY;
			break;
		case KEY:
			ok = in_memory(run, args[i], map->key_bytes, 0);
			break;
		case VALUE:
			ok = in_memory(run, args[i], map->value_bytes, 0);
			break;
		case IN:
			ok = in_memory(run, args[i], args[i + 1], 0);
			break;
		case OUT:
			ok = in_memory(run, args[i], args[i + 1], 1);
			break;
		case STR:
			ok = is_string(run, args[i]);
			break;
		default:
			break;
		}
		if (!ok)
			return DT_CODE_ARG_MEMORY;
	}
call:
	run->fault_address = 0;
	run->regs[0] = service->call(run, map, args);
	return DT_CODE_OK;
}
