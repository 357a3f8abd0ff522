// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * timer.c - profile and tick: high-resolution timers, one a CPU or one in all.
 */
#include <linux/slab.h>
#include <linux/cpumask.h>
#include <linux/cpu.h>
#include <asm/irq_regs.h>
#include "kmod.h"

/* Context: hard interrupt, interrupts off. */
static enum hrtimer_restart on_timer(struct hrtimer *timer)
{
	struct dt_timer *t = container_of(timer, struct dt_timer, timer);
	struct dt_hook *hook = &t->hook;
	struct pt_regs *regs = get_irq_regs();

	if (!regs)
		regs = task_pt_regs(current);
	dt_fire_regs(&hook, regs, DT_ARGS_NONE);
	hrtimer_forward_now(timer, ns_to_ktime(t->period_ns));
	return HRTIMER_RESTART;
}

/* On the timer's own CPU. */
static void start(void *data)
{
	struct dt_timer *t = data;

	hrtimer_start(&t->timer, ns_to_ktime(t->period_ns), DT_TIMER_MODE);
}

static int add_one(struct dt_session *session, const struct dt_timer_args *args, u32 cpu)
{
	struct dt_timer *t = kzalloc(sizeof(*t), GFP_KERNEL);
	int error;

	if (!t)
		return -ENOMEM;
	t->hook.session = session;
	t->hook.prog = args->prog;
	t->hook.cookie = args->cookie;
	t->period_ns = args->period_ns;
	t->cpu = cpu;
	dt_timer_setup(&t->timer, on_timer);
	error = smp_call_function_single(cpu, start, t, 1);
	if (error) {
		kfree(t);
		return error;
	}
	t->next = session->timers;
	session->timers = t;
	return 0;
}

/* Under the session's lock. What was started before an error goes with the session. */
int dt_timer_add(struct dt_session *session, const struct dt_timer_args *args)
{
	int error = -ENXIO;
	u32 cpu;

	/* 20 µs: a CPU that does nothing but fire would never get out */
	if (args->period_ns < 20000 || args->period_ns > (1ull << 62))
		return -ERANGE;
	dt_sync_mappings();
	for_each_online_cpu(cpu) {
		if (args->cpu != DT_EVERY_CPU && args->cpu != cpu)
			continue;
		error = add_one(session, args, cpu);
		if (error)
			break;
	}
	return error;
}

void dt_timers_stop(struct dt_session *session)
{
	struct dt_timer *t;

	while ((t = session->timers)) {
		session->timers = t->next;
		/* waits for one that is running */
		hrtimer_cancel(&t->timer);
		kfree(t);
	}
}
