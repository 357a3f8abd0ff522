/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * storm.c - firings interrupted by firings, as probe context has it.
 *
 * A thread plays a CPU. Signals to it play interrupts (SIGUSR1) and, inside
 * those, NMIs (SIGUSR2): they come between any two machine instructions of the
 * interpreter, the maps and the ring, and run a program of their own.
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
