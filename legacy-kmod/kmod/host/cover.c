/*
 * cover.c - where the machine has been, for libFuzzer.
 *
 * gcc calls __sanitizer_cov_trace_pc() at each block of what is compiled with
 * -fsanitize-coverage=trace-pc.  libFuzzer no longer counts by it, but looks at
 * every byte of the section below as at a counter of its own, and clears it
 * before each run.  Its own function of that name only warns: the linker puts
 * this one in its place (--wrap).
 *
 * Context: a process; this file is never part of the module.
 */

#include <stdint.h>

#define COUNTERS (1 << 15)

static uint8_t counters[COUNTERS]
	__attribute__((section("__libfuzzer_extra_counters"), used));

void __wrap___sanitizer_cov_trace_pc(void);

void __wrap___sanitizer_cov_trace_pc(void)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);

	/* Blocks are a few bytes long, the whole of the machine some tens of KB. */
	counters[(pc ^ (pc >> 15)) % COUNTERS]++;
}
