/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * storm.c - firings interrupted by firings, as probe context has it.
 *
 * A thread plays a CPU, in one of two ways. Signals from beside play interrupts
 * (SIGUSR1) and, inside those, NMIs (SIGUSR2): really parallel, at random. Or the
 * processor's trap flag is set, and the trap after each machine instruction plays
 * the interrupt: between every two instructions of the interpreter, the maps and
 * the ring another firing happens, and inside it, now and then, a third.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>

#include "host.h"

static __thread struct dt_host_storm *here;

static void fire(struct dt_host_storm *storm, int level)
{
	struct dt_firing firing;
	struct dt_outcome outcome;
	u64 context[2];

	context[0] = (u64)level;
	context[1] = storm->fired[level]++;
	firing.context = context;
	firing.context_bytes = sizeof(context);
	firing.cookie = 0;
	firing.ip = 0;
	dt_run_prog(storm->vm, storm->prog, &firing, &outcome);
	if (outcome.code)
		storm->ended[level]++;
	else if (outcome.value)
		storm->refused[level]++;
}

static void on_signal(int number)
{
	if (here)
		fire(here, number == SIGUSR2 ? 2 : 1);
}

/* The CPU's life: @rounds firings, interrupted ever and again. */
void dt_host_storm_run(struct dt_host_storm *storm, u64 rounds)
{
	struct sigaction action;
	u64 i;

	__builtin_memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART;
	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	/* nothing interrupts an NMI */
	sigaddset(&action.sa_mask, SIGUSR1);
	sigaction(SIGUSR2, &action, NULL);
	dt_host_on_cpu(storm->cpu + 1);
	here = storm;
	storm->thread = (u64)pthread_self();
	__atomic_store_n(&storm->state, DT_STORM_ON, __ATOMIC_RELEASE);
	for (i = 0; i < rounds; i++)
		fire(storm, 0);
	here = NULL;
	dt_host_on_cpu(0);
	__atomic_store_n(&storm->state, DT_STORM_OVER, __ATOMIC_RELEASE);
	/* the handlers stay: without `here` they do nothing */
}

/*
 * Interrupt the CPU. Its thread must not end before the last call has returned.
 * Returns 0 when its life is over.
 */
int dt_host_storm_poke(struct dt_host_storm *storm, int nmi)
{
	u32 state = __atomic_load_n(&storm->state, __ATOMIC_ACQUIRE);

	if (state == DT_STORM_ON)
		pthread_kill((pthread_t)storm->thread, nmi ? SIGUSR2 : SIGUSR1);
	return state != DT_STORM_OVER;
}

/*
 * Whether the processor traps after each instruction; x86-64 only. Below the
 * stack pointer the compiler may keep things (the red zone).
 */
#ifdef __x86_64__
#define TRAP_FLAG(operation)						\
	__asm__ __volatile__("lea -128(%%rsp), %%rsp\n\tpushfq\n\t" operation \
			     ", (%%rsp)\n\tpopfq\n\tlea 128(%%rsp), %%rsp" : : : "memory", "cc")
#define trap_on()	TRAP_FLAG("orq $0x100")
#define trap_off()	TRAP_FLAG("andq $~0x100")
#else
#define trap_on()	((void)0)
#define trap_off()	((void)0)
#endif

/*
 * The consumer, as if on another CPU at this very moment. A record is level,
 * number, level, number, and their sum.
 */
static void consume(struct dt_host_storm *storm)
{
	u64 r[5];
	s64 length;

	if (!storm->reader)
		return;
	while ((length = storm->take(storm->reader, storm->cpu, (u8 *)r, sizeof(r))) >= 0) {
		storm->taken++;
		if (length != sizeof(r) || r[0] != r[2] || r[1] != r[3] || r[0] + r[1] != r[4]) {
			storm->torn++;
			return;
		}
	}
}

static __thread int trap_level;
static __thread u64 traps[2];

static void on_trap(int number)
{
	struct dt_host_storm *storm = here;

	(void)number;
	if (!storm || trap_level > 1)
		return;
	if (++traps[trap_level] % storm->every[trap_level])
		return;
	/* the kernel has cleared the flag for the handler and will restore it */
	if (trap_level++ == 0 && traps[0] % (storm->every[0] * storm->deep) == 0) {
		trap_on();
		fire(storm, 1);
		trap_off();
	} else {
		fire(storm, trap_level);
	}
	consume(storm);
	trap_level--;
}

/*
 * dt_host_storm_step - @rounds firings, interrupted after each every[0]th
 * instruction; each deep-th of the interruptions itself after each every[1]th.
 */
void dt_host_storm_step(struct dt_host_storm *storm, u64 rounds)
{
	struct sigaction action;
	u64 i;

	__builtin_memset(&action, 0, sizeof(action));
	action.sa_handler = on_trap;
	action.sa_flags = SA_NODEFER;
	sigemptyset(&action.sa_mask);
	sigaction(SIGTRAP, &action, NULL);
	dt_host_on_cpu(storm->cpu + 1);
	here = storm;
	for (i = 0; i < rounds; i++) {
		/* one instruction earlier each time: as many rounds as steps meet all */
		traps[0] = i;
		trap_on();
		fire(storm, 0);
		trap_off();
		/* what this firing has put out is there now, and not with the next only */
		consume(storm);
		if (storm->reader && storm->ring->rings[storm->cpu].reserved !=
				     storm->ring->consumed[storm->cpu])
			storm->torn++;
	}
	here = NULL;
	dt_host_on_cpu(0);
	/* the handler stays, as above */
}
