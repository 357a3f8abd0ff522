// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * state.c - firings, and the lists of hooks that they read.
 */
#include <linux/vmalloc.h>
#include <linux/stop_machine.h>
#include <linux/slab.h>
#include "kmod.h"

struct dt_cpu dt_cpus[NR_CPUS];
DEFINE_MUTEX(dt_arm_lock);

void dt_fire(struct dt_hook *const *list, struct pt_regs *regs, void *context,
	     u64 context_bytes)
{
	struct dt_cpu *cpu = &dt_cpus[raw_smp_processor_id()];
	struct dt_outcome outcome;
	struct dt_firing firing;
	struct dt_hook *hook;

	if (cpu->busy) {
		cpu->misses++;
		return;
	}
	env_write_once(cpu->busy, 1);
	env_order();
	cpu->firings++;
	cpu->regs = regs;
	firing.context = context;
	firing.context_bytes = context_bytes;
	for (hook = env_read_once(*list); hook; hook = env_read_once(hook->next)) {
		firing.cookie = hook->cookie;
		firing.ip = hook->ip;
		/* breakpoints alone have it, and they are at entries and returns */
		cpu->at_edge = hook->ip != 0;
		dt_run_prog(hook->session->vm, hook->prog, &firing, &outcome);
		if (outcome.code) {
			cpu->faults++;
			cpu->last_fault = outcome.code;
			cpu->last_insn = outcome.insn;
		}
	}
	cpu->regs = NULL;
	env_order();
	env_write_once(cpu->busy, 0);
}

#ifdef CONFIG_X86_64
void dt_regs_of(struct dt_regs *to, struct pt_regs *regs)
{
	BUILD_BUG_ON(sizeof(*to) != sizeof(*regs));
	*(struct pt_regs *)to = *regs;
}

void dt_fire_regs(struct dt_hook *const *list, struct pt_regs *regs, enum dt_args args)
{
	dt_fire(list, regs, regs, sizeof(*regs));
}
#else
void dt_regs_of(struct dt_regs *to, struct pt_regs *regs)
{
	env_memset(to, 0, sizeof(*to));
	to->bx = regs->bx;
	to->cx = regs->cx;
	to->dx = regs->dx;
	to->si = regs->si;
	to->di = regs->di;
	to->bp = regs->bp;
	to->ax = regs->ax;
	to->orig_ax = regs->orig_ax;
	to->ip = regs->ip;
	to->cs = regs->cs & 0xffff;
	to->flags = regs->flags;
	/* a trap in the kernel does not save it: the stack goes on where it would be */
	if (!user_mode(regs)) {
		to->sp = (unsigned long)&regs->sp;
		return;
	}
	to->sp = regs->sp;
	to->ss = regs->ss & 0xffff;
}

/* What lies beyond the stack's end is no argument. */
static u64 stack_word(const unsigned long *sp, u32 n)
{
	return ((unsigned long)(sp + n) ^ (unsigned long)sp) & ~(THREAD_SIZE - 1) ? 0 : sp[n];
}

/*
 * A function's arguments are where x86-64 has them: here the first three are in
 * registers (the kernel is built with -mregparm=3) and the others on the stack,
 * behind the return address, or all of them are.
 */
static void call_args(struct dt_regs *to, const unsigned long *sp, int stacked)
{
	u32 next = 1;

	to->di = stacked ? stack_word(sp, next++) : to->ax;
	to->si = stacked ? stack_word(sp, next++) : to->dx;
	to->dx = stacked ? stack_word(sp, next++) : to->cx;
	to->cx = stack_word(sp, next++);
	to->r8 = stack_word(sp, next++);
	to->r9 = stack_word(sp, next);
}

void dt_fire_regs(struct dt_hook *const *list, struct pt_regs *regs, enum dt_args args)
{
	struct dt_regs wide;

	dt_regs_of(&wide, regs);
	if (args != DT_ARGS_NONE)
		call_args(&wide, &regs->sp, args == DT_ARGS_STACKED);
	dt_fire(list, regs, &wide, sizeof(wide));
}
#endif

/* Room for @count hooks of this session, not yet on any list. */
struct dt_batch *dt_batch_new(struct dt_session *session, u32 count)
{
	u64 bytes = sizeof(struct dt_batch) + (u64)count * sizeof(struct dt_hook);
	struct dt_batch *batch = vmalloc(bytes);

	if (!batch)
		return NULL;
	memset(batch, 0, bytes);
	batch->count = count;
	batch->next = session->batches;
	session->batches = batch;
	dt_sync_mappings();
	return batch;
}

/* Last on the list, so that enablings run in the order in which they were made. */
void dt_hook_add(struct dt_hook **list, struct dt_hook *hook)
{
	struct dt_hook **at = list;

	while (*at)
		at = &(*at)->next;
	hook->next = NULL;
	hook->list = list;
	env_order();
	env_write_once(*at, hook);
}

static void hook_remove(struct dt_hook *hook)
{
	struct dt_hook **at = hook->list;

	if (!at)
		return;
	while (*at && *at != hook)
		at = &(*at)->next;
	/* our own next stays: a reader that stands on us goes on from there */
	if (*at)
		env_write_once(*at, hook->next);
	hook->list = NULL;
}

void dt_hooks_drop(struct dt_hook **list)
{
	struct dt_hook *hook;

	/* each one's next stays: as above */
	for (hook = *list; hook; hook = hook->next)
		hook->list = NULL;
	env_write_once(*list, NULL);
}

static int nothing(void *unused)
{
	return 0;
}

/*
 * dt_quiesce - come back when no CPU is in a firing that began before.
 * A CPU takes part in stop_machine() from a task of its own; firings run with
 * interrupts off, so none is under way when all CPUs are there.
 */
void dt_quiesce(void)
{
	stop_machine(nothing, NULL, NULL);
}

/*
 * dt_session_detach - nothing fires for this session any more.
 * Order: first the tables (no new returns are expected), then the breakpoints,
 * then wait, then free.
 */
void dt_session_detach(struct dt_session *session)
{
	struct dt_batch *batch;
	u32 i;

	dt_timers_stop(session);
	mutex_lock(&dt_arm_lock);
	for (batch = session->batches; batch; batch = batch->next)
		for (i = 0; i < batch->count; i++)
			hook_remove(&batch->hooks[i]);
	if (session->batches) {
		dt_syscalls_sweep();
		dt_sites_sweep();
		dt_quiesce();
		dt_syscalls_forget();
	}
	while ((batch = session->batches)) {
		session->batches = batch->next;
		vfree(batch);
	}
	mutex_unlock(&dt_arm_lock);
}
