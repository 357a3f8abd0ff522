// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * kenv.c - env.h for the kernel: memory, clock, current task, stacks.
 *
 * Caller's context: env_alloc and env_free from process context, everything else
 * from probe context, where this CPU's guard (dt_cpu.busy) is set: what we call
 * here may itself be probed, its firing is then counted as missed.
 */
#include <linux/vmalloc.h>
#include <linux/string.h>
#include "kmod.h"

/* A session's memory is counted: each piece of it remembers its size. */
struct piece {
	u64 bytes;
	u64 reserved;
	u8 memory[];
};

void *env_alloc(struct dt_env *env, u64 bytes)
{
	struct piece *piece;
	void *memory;

	if (bytes > DT_MAX_MAP_BYTES * 2)
		return NULL;
	if (env)
		bytes += sizeof(*piece);
	memory = vmalloc(bytes ? bytes : 1);
	if (!memory)
		return NULL;
	memset(memory, 0, bytes);
	if (!env)
		return memory;
	piece = memory;
	piece->bytes = bytes;
	env->bytes += bytes;
	return piece->memory;
}

void env_free(struct dt_env *env, void *memory)
{
	struct piece *piece;

	if (!env || !memory) {
		vfree(memory);
		return;
	}
	piece = container_of(memory, struct piece, memory);
	env->bytes -= piece->bytes;
	vfree(piece);
}

void *env_alloc_shared(struct dt_env *env, u64 bytes)
{
	void *memory = bytes <= DT_MAX_MAP_BYTES * 2 ? vmalloc_user(bytes) : NULL;

	if (memory)
		env->bytes += bytes;
	return memory;
}

void env_free_shared(struct dt_env *env, void *memory, u64 bytes)
{
	if (!memory)
		return;
	env->bytes -= bytes;
	vfree(memory);
}

/*
 * The kernel's own memory routines may be probed, and a compiler makes calls of
 * them where it can: so the loops are hidden from it. By words, not by `rep`,
 * which takes longer to begin than most of these take: keys, values, a program's
 * stack frame.
 */
struct word { unsigned long v; } __attribute__((packed, may_alias));
#define WORD	sizeof(struct word)
#define HIDE()	__asm__ __volatile__("" : : : "memory")

void env_memcpy(void *to, const void *from, u64 bytes)
{
	unsigned long count = bytes;
	u8 *out = to;
	const u8 *in = from;

	if (to > from && out < in + count) {
		out += count - 1;
		in += count - 1;
		__asm__ __volatile__("std; rep movsb; cld"
				     : "+D" (out), "+S" (in), "+c" (count) : : "memory");
		return;
	}
	for (; count >= WORD; count -= WORD, out += WORD, in += WORD) {
		((struct word *)out)->v = ((const struct word *)in)->v;
		HIDE();
	}
	for (; count; count--) {
		*out++ = *in++;
		HIDE();
	}
}

void env_memset(void *to, int byte, u64 bytes)
{
	unsigned long count = bytes, all = (u8)byte * (~0ul / 0xff);
	u8 *out = to;

	for (; count >= 8 * WORD; count -= 8 * WORD, out += 8 * WORD) {
		struct word *eight = (struct word *)out;

		eight[0].v = all;
		eight[1].v = all;
		eight[2].v = all;
		eight[3].v = all;
		eight[4].v = all;
		eight[5].v = all;
		eight[6].v = all;
		eight[7].v = all;
		HIDE();
	}
	for (; count >= WORD; count -= WORD, out += WORD) {
		((struct word *)out)->v = all;
		HIDE();
	}
	for (; count; count--) {
		*out++ = (u8)byte;
		HIDE();
	}
}

int env_memcmp(const void *a, const void *b, u64 bytes)
{
	const u8 *x = a, *y = b;
	unsigned long count = bytes;

	for (; count >= WORD; count -= WORD, x += WORD, y += WORD) {
		if (((const struct word *)x)->v != ((const struct word *)y)->v)
			break;
		HIDE();
	}
	for (; count; count--, x++, y++) {
		if (*x != *y)
			return *x - *y;
		HIDE();
	}
	return 0;
}

static int in_user(u64 address, enum dt_space space)
{
	return space == DT_SPACE_USER || (space == DT_SPACE_ANY && address < TASK_SIZE_MAX);
}

s64 env_read(struct dt_env *env, void *to, u64 from, u64 bytes, enum dt_space space)
{
	/* an address has 32 bits on i386 */
	if (from + bytes < from || (bytes && from + bytes - 1 > (unsigned long)-1))
		return -EFAULT;
	if (in_user(from, space))
		return dt_copy_user(to, from, bytes);
	/* a kernel load is never allowed to be one of user memory */
	if (from < TASK_SIZE_MAX)
		return -EFAULT;
	return dt_copy_kernel(to, from, bytes);
}

/* In pieces that end where a line of memory does: no page is touched in vain. */
#define PIECE 64u

s64 env_read_str(struct dt_env *env, void *to, u64 from, u64 bytes, enum dt_space space)
{
	u64 done = 0, piece, i;
	u8 *out = to;

	while (done < bytes) {
		piece = PIECE - ((from + done) & (PIECE - 1));
		if (piece > bytes - done)
			piece = bytes - done;
		if (env_read(env, out + done, from + done, piece, space))
			return -EFAULT;
		for (i = 0; i < piece; i++)
			if (!out[done + i])
				return done + i + 1;
		done += piece;
	}
	out[bytes - 1] = 0;
	return bytes;
}

u32 env_cpu_count(struct dt_env *env)
{
	return nr_cpu_ids;
}

u32 env_cpu(struct dt_env *env)
{
	return raw_smp_processor_id();
}

#if DT_CLOCK_TSC
static u64 tsc_start, ns_start, ns_per_tick; /* the last: 2^32 ns / tick */

static u64 ticks(void)
{
	u32 low, high;

	__asm__ __volatile__("rdtsc" : "=a" (low), "=d" (high));
	return (u64)high << 32 | low;
}

u64 env_ktime_ns(struct dt_env *env)
{
	u64 delta = ticks() - tsc_start;

	u64 low = delta & 0xffffffff;

	/* slower than 1 GHz: the product of 32 and 33 bits or more would not fit */
	low = ns_per_tick >> 32 ? (low * (ns_per_tick >> 16)) >> 16 : (low * ns_per_tick) >> 32;
	return ns_start + (delta >> 32) * ns_per_tick + low;
}

void dt_env_init(void)
{
	u64 scale = 1000000ull << 32;

	do_div(scale, tsc_khz ? tsc_khz : 1000000);
	ns_per_tick = scale;
	ns_start = ktime_to_ns(ktime_get());
	tsc_start = ticks();
}
#else
u64 env_ktime_ns(struct dt_env *env)
{
	return dt_clock_fast();
}

void dt_env_init(void)
{
}
#endif

u64 env_ktime_boot_ns(struct dt_env *env)
{
	return env_ktime_ns(env);
}

static u32 random_state[NR_CPUS];

/* xorshift, one state a CPU, stirred with the clock. */
u32 env_random(struct dt_env *env)
{
	u32 *state = &random_state[raw_smp_processor_id()], x;

	x = *state ^ (u32)env_ktime_ns(env);
	if (!x)
		x = 0x9e3779b9u;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*state = x;
	return x;
}

u64 env_pid_tgid(struct dt_env *env)
{
	return (u64)(u32)current->tgid << 32 | (u32)current->pid;
}

u64 env_uid_gid(struct dt_env *env)
{
	return (u64)dt_gid() << 32 | dt_uid();
}

u64 env_task(struct dt_env *env)
{
	return env_addr(current);
}

#ifdef CONFIG_X86_64
u64 env_task_regs(struct dt_env *env, u64 task)
{
	return task == env_addr(current) ? env_addr(task_pt_regs(current)) : 0;
}
#else
/* One a CPU: the guard lets no second firing in. */
static struct dt_regs task_regs[NR_CPUS];

u64 env_task_regs(struct dt_env *env, u64 task)
{
	struct dt_regs *regs = &task_regs[raw_smp_processor_id()];

	if (task != env_addr(current))
		return 0;
	dt_regs_of(regs, task_pt_regs(current));
	return env_addr(regs);
}
#endif

void env_comm(struct dt_env *env, char comm[16])
{
	env_memcpy(comm, current->comm, 16);
	comm[15] = 0;
}

/* ---- stacks ------------------------------------------------------------ */

struct frame {
	unsigned long next;
	unsigned long ip;
};

static u32 user_stack(u64 *to, u32 max)
{
	struct pt_regs *regs = task_pt_regs(current);
	unsigned long bp, last = 0;
	struct frame frame;
	u32 n = 0;

	if (!current->mm || !max)
		return 0;
	to[n++] = regs->ip;
	bp = regs->bp;
	while (n < max && bp > last && !dt_copy_user(&frame, bp, sizeof(frame)) && frame.ip) {
		to[n++] = frame.ip;
		last = bp;
		bp = frame.next;
	}
	return n;
}

/*
 * Frame pointers, within the stack that was interrupted. Where the kernel has
 * none, what looks like a chain soon does not, and the stack is just shorter.
 */
static u32 kernel_frames(u64 *to, u32 max, struct pt_regs *regs, int at_edge)
{
	unsigned long stack = (unsigned long)task_stack_page(current), bp = regs->bp, caller;
	struct frame frame;
	u32 n = 0;

	to[n++] = regs->ip;
	/* the frame pointer is the caller's still, or again */
	if (at_edge && n < max && !dt_copy_kernel(&caller, kernel_stack_pointer(regs), sizeof(caller)))
		to[n++] = caller;
	while (n < max && bp - stack <= THREAD_SIZE - sizeof(frame) && !(bp & (sizeof(long) - 1))) {
		if (dt_copy_kernel(&frame, bp, sizeof(frame)) || frame.ip < TASK_SIZE_MAX)
			break;
		to[n++] = frame.ip;
		if (frame.next <= bp)
			break;
		bp = frame.next;
	}
	return n;
}

#define UNWOUND 144u
/* One a CPU: the guard lets no second firing in. */
static unsigned long unwound[NR_CPUS][UNWOUND];

s64 env_stack(struct dt_env *env, u64 *to, u32 max, int user)
{
	u32 cpu = raw_smp_processor_id(), count, i, n = 0;
	struct pt_regs *regs = dt_cpus[cpu].regs;
	unsigned long *all = unwound[cpu];

	if (user)
		return user_stack(to, max);
	if (!regs || !max || user_mode(regs))
		return 0;
	count = dt_unwind(all, UNWOUND);
	/* ours come first; the interrupted function is where they end */
	for (i = 0; i < count && all[i] != regs->ip; i++)
		;
	if (i == count)
		return kernel_frames(to, max, regs, dt_cpus[cpu].at_edge);
	for (; i < count && n < max && all[i]; i++)
		to[n++] = all[i];
	return n;
}
