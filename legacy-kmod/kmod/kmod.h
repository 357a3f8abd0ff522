/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * kmod.h - the module's own structures, around the freestanding part.
 *
 * A session is an open file. It has a machine (dt_vm) and hooks; a hook ties
 * one program to one site, syscall slot or timer. Hooks hang on lists that
 * probe context reads without a lock, and are changed under dt_arm_lock alone.
 * What was taken off a list is freed after dt_quiesce(), when no CPU can still
 * be looking at it.
 */
#ifndef DT_KMOD_H
#define DT_KMOD_H

#include <linux/mutex.h>
#include <linux/list.h>
#include <linux/smp.h>
#include <linux/mm.h>
#include "compat.h"
#include "dt.h"

struct dt_session;

/* One session's world: the memory that its image takes. */
struct dt_env {
	u64 bytes;
};

struct dt_hook {
	struct dt_hook *next;	/* on the same site */
	struct dt_hook **list;	/* where it hangs */
	struct dt_session *session;
	u64 cookie;
	u64 ip;
	u32 prog;
};

/* Hooks are allocated in batches, so that one call arms thousands. */
struct dt_batch {
	struct dt_batch *next;
	u32 count;
	struct dt_hook hooks[];
};

struct dt_timer {
	struct hrtimer timer;
	struct dt_timer *next;
	struct dt_hook hook;
	u64 period_ns;
	u32 cpu;
	u32 started;
};

struct dt_session {
	struct dt_session *next;	/* of all; stats.c */
	struct mutex lock;
	struct dt_env env;
	struct dt_vm *vm;
	struct dt_batch *batches;
	struct dt_timer *timers;
};

/* One CPU's, in probe context. */
struct dt_cpu {
	u32 busy;		/* inside a firing */
	u32 last_fault;
	u32 last_insn;
	u32 at_edge;		/* of a function: the return address is on top of the stack */
	u64 firings;
	u64 misses;
	u64 faults;
	u64 no_stash;
	struct pt_regs *regs;	/* what the firing interrupted */
} ____cacheline_aligned;

/*
 * The registers as programs find them: x86-64's struct pt_regs, on both kinds of
 * kernel, so that programs need not know which kind they run on.
 */
struct dt_regs {
	u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	u64 orig_ax, ip, cs, flags, sp, ss;
};

extern struct dt_cpu dt_cpus[NR_CPUS];
extern struct mutex dt_arm_lock;

/* Every function below: 0 or a negative errno unless it says otherwise. */

/*
 * dt_fire - run what hangs on a list.
 * @regs: of the interrupted code. @context: what programs get in r1.
 * Context: interrupts off, any lock may be held by the interrupted code. So: no
 * sleeping, no allocation, no printk. Calls nothing before the guard is set.
 */
void dt_fire(struct dt_hook *const *list, struct pt_regs *regs, void *context,
	     u64 context_bytes);

/*
 * dt_fire_regs - the same, for programs whose context is registers. Where an i386
 * kernel's function has its arguments: the first three in registers or not.
 */
enum dt_args { DT_ARGS_NONE, DT_ARGS_REGS, DT_ARGS_STACKED };
void dt_fire_regs(struct dt_hook *const *list, struct pt_regs *regs, enum dt_args args);
/* Any context. */
void dt_regs_of(struct dt_regs *to, struct pt_regs *regs);

/* state.c: hooks and their lists. Process context, under dt_arm_lock. */
struct dt_batch *dt_batch_new(struct dt_session *session, u32 count);
void dt_hook_add(struct dt_hook **list, struct dt_hook *hook);
void dt_session_detach(struct dt_session *session);
void dt_quiesce(void);

void dt_hooks_drop(struct dt_hook **list);	/* all; their sessions keep the memory */

/* text.c */
struct dt_alias {
	unsigned long base;	/* of what is aliased, page-aligned */
	unsigned long bytes;
	u8 *map;
};
int dt_alias_open(struct dt_alias *alias, unsigned long first, unsigned long last);
void dt_alias_close(struct dt_alias *alias);
static inline void *dt_alias_at(const struct dt_alias *alias, unsigned long address)
{
	return alias->map + (address - alias->base);
}

/*
 * dt_alias_spots - alias the pages of some addresses, wherever those are.
 * @spots: addresses, then where each is in the alias. Under dt_arm_lock.
 */
#define DT_SPOTS 1024u		/* at once, at most */
int dt_alias_spots(struct dt_alias *alias, unsigned long *spots, u32 count);
int dt_is_kernel_text(u64 address);
int dt_is_mapped(unsigned long address);

/* modules.c: text of other modules. */
struct dt_module {
	unsigned long text, text_bytes;
	unsigned long fixups, fixup_bytes;
};
int dt_modules_init(void);
void dt_modules_exit(void);
u32 dt_modules_gone(void);
/*
 * dt_module_at - the module that has this address in its text, which stays there
 * as long as dt_arm_lock is held. @found may be what an earlier call has filled
 * under the same holding, or zeroes.
 */
int dt_module_at(unsigned long address, struct dt_module *found);
/* Whether a module that had this address went after the first @gone of them. */
int dt_module_went(unsigned long address, u32 gone);
static inline int dt_in_modules(unsigned long address)
{
	return address >= MODULES_VADDR && address < MODULES_END;
}

/*
 * i386: what vmalloc() has mapped is entered into the page tables of the tasks
 * that are there already only when they fault on it, and a firing should not be
 * what faults. Whoever registers for traps has all of it entered; nothing else
 * that a module may call does.
 */
#ifdef CONFIG_X86_32
void dt_sync_mappings(void);
#else
static inline void dt_sync_mappings(void)
{
}
#endif

/* int3.c */
int dt_int3_init(void);
void dt_int3_exit(void);
int dt_sites_reserve(const u64 *addresses, u64 *slots, u32 count);
int dt_sites_arm(struct dt_session *session, struct dt_site_def *defs, u32 count, u32 gone,
		 u32 *armed);
void dt_sites_forget(unsigned long from, unsigned long to); /* that text goes */
void dt_sites_sweep(void);	/* restore the bytes of sites with nothing on them */
u32 dt_sites_used(void);
u32 dt_sites_armed(void);
extern const u32 dt_slot_count;

/* systrace.c */
int dt_systrace_init(void);
void dt_systrace_exit(void);
int dt_syscalls_arm(struct dt_session *session, const struct dt_syscalls_args *args,
		    const struct dt_syscall_def *defs);
void dt_syscalls_sweep(void);
u32 dt_syscalls_hooked(void);
void dt_syscalls_forget(void);	/* marks of calls that nobody waits for */
/* Context: INT3 trap in a new task, or where a call leaves; as dt_fire(). */
void dt_sys_child(void);
void dt_sys_dropped(const struct pt_regs *regs);
#define DT_SYSCALL_SLOTS 512u

/* timer.c */
int dt_timer_add(struct dt_session *session, const struct dt_timer_args *args);
void dt_timers_stop(struct dt_session *session);

/* kenv.c */
void dt_env_init(void);

/* stats.c */
void dt_stats_init(void);
void dt_stats_exit(void);
void dt_stats_take(struct dt_stats *stats);
int dt_audit(struct dt_audit_args *args);
void dt_session_enter(struct dt_session *session);
void dt_session_leave(struct dt_session *session);
void dt_session_loaded(struct dt_session *session, struct dt_vm *vm);

/* main.c: forbid unloading from now on (preemptible kernels). */
void dt_stay_loaded(void);

#endif /* DT_KMOD_H */
