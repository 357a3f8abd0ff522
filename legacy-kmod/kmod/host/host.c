/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * host.c - env.h for user space. See host.h.
 */
#include <stdlib.h>
#include <string.h>

#include "host.h"

void *env_alloc(struct dt_env *env, u64 bytes)
{
	void *memory;

	if (++env->allocations == env->fail_at)
		return NULL;
	memory = calloc(1, bytes ? bytes : 1);
	if (memory)
		env->live++;
	return memory;
}

void env_free(struct dt_env *env, void *memory)
{
	if (memory)
		env->live--;
	free(memory);
}

void *env_alloc_shared(struct dt_env *env, u64 bytes)
{
	return env_alloc(env, bytes);
}

void env_free_shared(struct dt_env *env, void *memory, u64 bytes)
{
	(void)bytes;
	env_free(env, memory);
}

void env_memcpy(void *to, const void *from, u64 bytes)
{
	/* memmove: a program may hand overlapping buffers to a service, and where
	 * there's nothing to copy the pointers may be anything */
	if (bytes)
		memmove(to, from, bytes);
}

void env_memset(void *to, int byte, u64 bytes)
{
	if (bytes)
		memset(to, byte, bytes);
}

int env_memcmp(const void *a, const void *b, u64 bytes)
{
	return memcmp(a, b, bytes);
}

/* How many bytes from @address on are readable, and where they are. */
static u64 find(struct dt_env *env, u64 address, enum dt_space space, const u8 **bytes)
{
	const struct dt_host_region *r;
	u64 i, at;

	for (i = 0; i < env->region_count; i++) {
		r = &env->regions[i];
		at = address - r->address;
		if (at < r->length && (r->space & space)) {
			*bytes = r->bytes + at;
			return r->length - at;
		}
	}
	return 0;
}

s64 env_read(struct dt_env *env, void *to, u64 from, u64 bytes, enum dt_space space)
{
	const u8 *at;
	u8 *out = to;
	u64 n;

	while (bytes) {
		n = find(env, from, space, &at);
		if (!n)
			return -EFAULT;
		if (n > bytes)
			n = bytes;
		memcpy(out, at, n);
		out += n;
		from += n;
		bytes -= n;
	}
	return 0;
}

s64 env_read_str(struct dt_env *env, void *to, u64 from, u64 bytes, enum dt_space space)
{
	const u8 *at;
	u8 *out = to;
	u64 i;

	for (i = 0; i < bytes; i++) {
		if (!find(env, from + i, space, &at))
			return -EFAULT;
		out[i] = *at;
		if (!out[i])
			return (s64)i + 1;
	}
	out[bytes - 1] = 0;
	return (s64)bytes;
}

u32 env_cpu_count(struct dt_env *env)
{
	return env->cpu_count;
}

static __thread u32 on_cpu;

void dt_host_on_cpu(u32 cpu)
{
	on_cpu = cpu;
}

u32 env_cpu(struct dt_env *env)
{
	return on_cpu ? on_cpu - 1 : env->cpu;
}

u64 env_ktime_ns(struct dt_env *env)
{
	return env->ktime_ns;
}

u64 env_ktime_boot_ns(struct dt_env *env)
{
	return env->ktime_boot_ns;
}

/* xorshift64*: the same sequence for the same seed */
u32 env_random(struct dt_env *env)
{
	u64 x = env->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	env->random = x;
	return (u32)(x * 0x2545f4914f6cdd1dull >> 32);
}

u64 env_pid_tgid(struct dt_env *env)
{
	return env->pid_tgid;
}

u64 env_uid_gid(struct dt_env *env)
{
	return env->uid_gid;
}

u64 env_task(struct dt_env *env)
{
	return env->task;
}

u64 env_task_regs(struct dt_env *env, u64 task)
{
	return task == env->task ? env->task_regs : 0;
}

void env_comm(struct dt_env *env, char comm[16])
{
	memcpy(comm, env->comm, 16);
}

s64 env_stack(struct dt_env *env, u64 *to, u32 max, int user)
{
	u64 n = env->stack_counts[user ? 1 : 0];

	if (!n)
		return -EFAULT;
	if (n > max)
		n = max;
	env_memcpy(to, env->stacks[user ? 1 : 0], n * 8);
	return (s64)n;
}

/* What the Rust side asks about a loaded machine; it knows none of its layout. */
u64 dt_host_env_bytes(void)
{
	return sizeof(struct dt_env);
}

void dt_host_run(struct dt_vm *vm, u32 prog, void *context, u64 context_bytes,
		 struct dt_outcome *outcome)
{
	struct dt_firing firing;

	firing.context = context;
	firing.context_bytes = context_bytes;
	firing.cookie = vm->env->cookie;
	firing.ip = vm->env->ip;
	dt_run_prog(vm, prog, &firing, outcome);
}

void dt_host_set_steps(struct dt_vm *vm, u32 steps)
{
	vm->steps = steps;
}

struct dt_map *dt_host_map(struct dt_vm *vm, u32 index)
{
	return index < vm->map_count ? &vm->maps[index] : NULL;
}

u32 dt_host_ring_drops(const struct dt_map *map, u32 cpu)
{
	return map->rings[cpu].drops;
}

/* What user space sees of it: see dt_abi.h. */
void *dt_host_ring_shared(const struct dt_map *map)
{
	return map->consumed;
}

/* type, key bytes, value bytes, entries, copies */
void dt_host_map_shape(const struct dt_map *map, u32 shape[5])
{
	shape[0] = map->type;
	shape[1] = map->key_bytes;
	shape[2] = map->value_bytes;
	shape[3] = map->max_entries;
	shape[4] = map->copies;
}
