/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * host.h - a world made by a test: everything in it is set from outside.
 * Mirrored in ../../src/host_vm.rs (struct HostEnv), which owns it.
 */
#ifndef DT_HOST_H
#define DT_HOST_H

#include "../dt.h"

/* Memory that programs may read by an unchecked address. */
struct dt_host_region {
	u64 address;		/* where the program thinks it is */
	const u8 *bytes;	/* where it is */
	u64 length;		/* bytes */
	u64 space;		/* enum dt_space */
};

struct dt_env {
	u64 ktime_ns;
	u64 ktime_boot_ns;
	u64 pid_tgid;
	u64 uid_gid;
	u64 task;
	u64 task_regs;
	u64 random;		/* state; never 0 */
	u32 cpu;
	u32 cpu_count;
	char comm[16];
	const struct dt_host_region *regions;
	u64 region_count;
	const u64 *stacks[2];	/* kernel, user: innermost first */
	u64 stack_counts[2];
	u64 allocations;	/* made so far */
	u64 live;		/* not freed yet */
	u64 fail_at;		/* the allocation, counted from 1, that fails; 0: none */
	u64 cookie;		/* of the next firing */
	u64 ip;			/* likewise */
};

/* One CPU of storm.c. */
struct dt_host_storm {
	struct dt_vm *vm;
	u64 thread;
	u64 fired[3];		/* by level: task, interrupt, NMI */
	u64 ended[3];		/* by the machine */
	u64 refused[3];		/* returned other than 0 */
	u32 cpu;
	u32 prog;
	u32 state;
	u32 every[2];		/* stepping: machine instructions between interruptions */
	u32 deep;		/* stepping: one interruption in so many is interrupted */
	struct dt_map *ring;	/* stepping: of which */
	void *reader;		/* stepping: takes records out inside interruptions; or NULL */
	/* stepping: moves the oldest record of @cpu to @record; returns its length, or -1 where there is none */
	s64 (*take)(void *reader, u32 cpu, u8 *record, u32 room);
	u64 taken;		/* stepping: records, */
	u64 torn;		/* of them not whole, or not there after a firing */
};
#define DT_STORM_ON	1	/* state: 0 before */
#define DT_STORM_OVER	2

/* The calling thread plays the CPU @cpu - 1; 0: the world's. */
void dt_host_on_cpu(u32 cpu);

#endif /* DT_HOST_H */
