// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * systrace.c - system calls, through the slots of sys_call_table.
 *
 * A slot is pointed at a thunk (slots.S), which asks dt_sys_entry() what to do
 * and jumps to the original. A return is seen by putting dt_after in place of
 * the address that the call returns to; the address itself waits in the stash,
 * keyed by task: a task is in one system call at a time. That works for plain
 * handlers and for stubs that want their frame right above the return address.
 * Calls that drop the address and leave another way (execve, rt_sigreturn of old
 * kernels) only leave a mark in the stash; their return is seen by a breakpoint
 * where they leave. User space, which knows the symbols, says which they are.
 *
 * A fork returns twice. In the child that is seen by a breakpoint on
 * schedule_tail(), which each new task runs once, and first of all.
 */
#include <linux/vmalloc.h>
#include <linux/stop_machine.h>
#include "kmod.h"

/* slots.S: what a thunk has pushed, lowest first. */
struct thunk_frame {
#ifdef CONFIG_X86_64
	unsigned long ax, r9, r8, cx, dx, si, di;
#endif
	unsigned long number;	/* in: table * DT_SYSCALL_SLOTS + nr. out: where to go on */
	unsigned long back;	/* the caller's return address */
};

struct after_frame {
	unsigned long dx, ax;
	unsigned long back;	/* out */
};

/* What programs find in r1. */
struct call_context {
	u64 regs;
	u64 value;		/* number, or result */
	u64 compat;		/* of a 32-bit caller: 1 */
};

asmlinkage void dt_sys_entry(struct thunk_frame *frame);
asmlinkage void dt_sys_exit(struct after_frame *frame);

extern u8 dt_thunks[], dt_after[];
#define THUNK_BYTES 16u

struct slot {
	unsigned long original;	/* 0: not hooked, never was */
	struct dt_hook *entry;
	struct dt_hook *ret;
	u8 hooked;
	u8 drops;
};

struct table {
	unsigned long base;
	u32 entries;
	u32 hooked;
	struct slot slots[DT_SYSCALL_SLOTS];
};

static struct table tables[DT_TABLES];

/* ---- the stash --------------------------------------------------------- */

#define BUCKETS 8192u
#define WAYS 16u

struct stashed {
	unsigned long task;
	unsigned long back;
	unsigned long place;	/* where the address was on the stack; 0: only a mark */
	unsigned long number;
};

static struct stashed *stash;

static u32 bucket_of(unsigned long task)
{
	return (u32)((task * 0x9e3779b97f4a7c15ull) >> 40) & (BUCKETS - 1);
}

/* Our own task's entry: nobody else makes or drops it. */
static struct stashed *stash_find(unsigned long task)
{
	struct stashed *s = stash + bucket_of(task) * WAYS;
	u32 i;

	for (i = 0; i < WAYS; i++)
		if (env_read_once(s[i].task) == task)
			return &s[i];
	return NULL;
}

static struct stashed *stash_claim(unsigned long task)
{
	struct stashed *s = stash_find(task);
	u32 i;

	/* one that a call left which never came back; or that of a dead task */
	if (s)
		return s;
	s = stash + bucket_of(task) * WAYS;
	for (i = 0; i < WAYS; i++)
		if (!env_read_once(s[i].task) && cmpxchg(&s[i].task, 0ul, task) == 0)
			return &s[i];
	return NULL;
}

/* ---- firings ----------------------------------------------------------- */

/* The registers that programs see: the user's, as the call's ABI has them. */
static void call_regs(struct dt_regs *regs, unsigned long number)
{
	dt_regs_of(regs, task_pt_regs(current));
	regs->orig_ax = number & (DT_SYSCALL_SLOTS - 1);
}

/*
 * A 32-bit kernel has one table, of 32-bit callers: the second. Its handlers
 * take their arguments from the saved registers themselves.
 */
#ifdef CONFIG_X86_64
#define NATIVE_TABLE DT_TABLE_NATIVE

/* 32-bit callers' arguments, already where a C function wants them. */
static void compat_args(struct dt_regs *regs, const struct thunk_frame *frame)
{
	if (DT_REGS_HANDLERS)
		return;
	regs->bx = frame->di;
	regs->cx = frame->si;
	regs->dx = frame->dx;
	regs->si = frame->cx;
	regs->di = frame->r8;
	regs->bp = frame->r9;
}
#else
#define NATIVE_TABLE DT_TABLE_IA32

static void compat_args(struct dt_regs *regs, const struct thunk_frame *frame)
{
}
#endif

/*
 * Context: a task entering a system call, interrupts on. The interrupts are
 * turned off for the firing, so that nothing but an NMI can come between.
 */
asmlinkage void dt_sys_entry(struct thunk_frame *frame)
{
	unsigned long number = frame->number, flags;
	struct slot *slot;
	struct call_context context;
	struct stashed *stashed;
	struct dt_regs regs;

	number &= DT_TABLES * DT_SYSCALL_SLOTS - 1;
	slot = &tables[number / DT_SYSCALL_SLOTS].slots[number % DT_SYSCALL_SLOTS];
	raw_local_irq_save(flags);
	if (env_read_once(slot->entry)) {
		call_regs(&regs, number);
		if (number >= DT_SYSCALL_SLOTS)
			compat_args(&regs, frame);
		context.regs = env_addr(&regs);
		context.value = number & (DT_SYSCALL_SLOTS - 1);
		context.compat = number >= DT_SYSCALL_SLOTS;
		dt_fire(&slot->entry, task_pt_regs(current), &context, sizeof(context));
	}
	if (env_read_once(slot->ret)) {
		stashed = stash_claim((unsigned long)current);
		if (stashed) {
			stashed->number = number;
			stashed->place = slot->drops ? 0 : (unsigned long)&frame->back;
			stashed->back = frame->back;
			if (!slot->drops)
				frame->back = (unsigned long)dt_after;
		} else {
			dt_cpus[raw_smp_processor_id()].no_stash++;
		}
	}
	raw_local_irq_restore(flags);
	frame->number = slot->original;
}

/* What user space will see of a call that is to be restarted. */
static u64 result_of(unsigned long ax)
{
	switch (-(long)ax) {
	case 512: /* ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK */
	case 513:
	case 514:
	case 516:
		return (u64)-EINTR;
	default:
		return ax;
	}
}

/* A call returns, with interrupts off. */
static void fire_return(unsigned long number, unsigned long ax)
{
	struct slot *slot;
	struct call_context context;
	struct dt_regs regs;

	slot = &tables[number / DT_SYSCALL_SLOTS].slots[number % DT_SYSCALL_SLOTS];
	if (!env_read_once(slot->ret))
		return;
	call_regs(&regs, number);
	context.regs = env_addr(&regs);
	context.value = result_of(ax);
	context.compat = number >= DT_SYSCALL_SLOTS;
	regs.ax = context.value;
	dt_fire(&slot->ret, task_pt_regs(current), &context, sizeof(context));
}

void dt_sys_child(void)
{
	struct pt_regs *regs = task_pt_regs(current);
	unsigned long number = regs->orig_ax;

	/* a kernel thread has no user registers */
	if (!user_mode(regs) || number >= DT_SYSCALL_SLOTS)
		return;
	if (current_thread_info()->status & TS_COMPAT)
		number += DT_SYSCALL_SLOTS;
	else
		number += NATIVE_TABLE * DT_SYSCALL_SLOTS;
	fire_return(number, 0);
}

void dt_sys_dropped(const struct pt_regs *regs)
{
	struct stashed *stashed = stash_find((unsigned long)current);
	unsigned long number;

	/* without a mark it is not a system call: kernel_execve() comes here too */
	if (!stashed || stashed->place)
		return;
	number = stashed->number;
	env_order();
	env_write_once(stashed->task, 0);
	fire_return(number, regs->ax);
}

/* Context: as dt_sys_entry(). */
asmlinkage void dt_sys_exit(struct after_frame *frame)
{
	struct stashed *stashed = stash_find((unsigned long)current);
	unsigned long flags, number;

	/* it can't be missing: dt_after is only reached through it */
	BUG_ON(!stashed);
	number = stashed->number;
	frame->back = stashed->back;
	env_order();
	env_write_once(stashed->task, 0);
	raw_local_irq_save(flags);
	fire_return(number, frame->ax);
	raw_local_irq_restore(flags);
}

/* ---- the tables -------------------------------------------------------- */

static unsigned long thunk_of(u32 table, u32 nr)
{
	return (unsigned long)dt_thunks + (table * DT_SYSCALL_SLOTS + nr) * THUNK_BYTES;
}

static int open_table(const struct table *table, struct dt_alias *alias)
{
	return dt_alias_open(alias, table->base,
			     table->base + table->entries * sizeof(long) - 1);
}

/* Point every slot with something on it at its thunk, and the others back. */
static int write_table(u32 which)
{
	struct table *table = &tables[which];
	struct dt_alias alias;
	unsigned long *entry, thunk;
	struct slot *slot;
	int error;
	u32 nr;

	if (!table->base)
		return 0;
	error = open_table(table, &alias);
	if (error)
		return error;
	for (nr = 0; nr < table->entries; nr++) {
		slot = &table->slots[nr];
		entry = dt_alias_at(&alias, table->base + nr * sizeof(long));
		thunk = thunk_of(which, nr);
		if ((slot->entry || slot->ret) && !slot->hooked) {
			slot->original = *entry;
			env_order();
			env_write_once(*entry, thunk);
			slot->hooked = 1;
			table->hooked++;
		} else if (!slot->entry && !slot->ret && slot->hooked) {
			/* somebody who changed it after us keeps it; our thunk still serves */
			if (*entry != thunk)
				continue;
			env_write_once(*entry, slot->original);
			slot->hooked = 0;
			table->hooked--;
		}
	}
	dt_alias_close(&alias);
	return 0;
}

/* A table that user space names: all of it must point into the kernel. */
static int check_table(u32 which, u64 base, u32 entries)
{
	struct table *table = &tables[which];
	unsigned long handler;
	u32 i;

	if (!base)
		return 0;
	if (table->base)
		return table->base == base && table->entries == entries ? 0 : -EBUSY;
	if (!entries || entries > DT_SYSCALL_SLOTS || (base & (sizeof(long) - 1)) ||
	    base < TASK_SIZE_MAX)
		return -EINVAL;
	for (i = 0; i < entries; i++)
		if (dt_copy_kernel(&handler, base + i * sizeof(long), sizeof(handler)) ||
		    handler < TASK_SIZE_MAX)
			return -EFAULT;
	return 0;
}

int dt_syscalls_arm(struct dt_session *session, const struct dt_syscalls_args *args,
		    const struct dt_syscall_def *defs)
{
	struct dt_batch *batch;
	struct dt_hook *hook;
	struct slot *slot;
	int error;
	u32 i;

	for (i = 0; i < DT_TABLES; i++) {
		error = check_table(i, args->tables[i], args->entries[i]);
		if (error)
			return error;
	}
	for (i = 0; i < args->count; i++)
		if (defs[i].table >= DT_TABLES || !args->tables[defs[i].table] ||
		    defs[i].nr >= args->entries[defs[i].table])
			return -EINVAL;
	batch = dt_batch_new(session, args->count);
	if (!batch)
		return -ENOMEM;
	for (i = 0; i < DT_TABLES; i++) {
		if (!args->tables[i])
			continue;
		tables[i].base = args->tables[i];
		tables[i].entries = args->entries[i];
	}
	for (i = 0; i < args->count; i++) {
		hook = &batch->hooks[i];
		hook->session = session;
		hook->prog = defs[i].prog;
		hook->cookie = defs[i].cookie;
		slot = &tables[defs[i].table].slots[defs[i].nr];
		/* it is the call's nature: who hooks it later may see our thunk in its place */
		if (!slot->entry && !slot->ret)
			slot->drops = defs[i].drops != 0;
		dt_hook_add(defs[i].ret ? &slot->ret : &slot->entry, hook);
	}
	for (i = 0; i < DT_TABLES; i++) {
		error = write_table(i);
		if (error)
			return error;
	}
	return 0;
}

void dt_syscalls_sweep(void)
{
	u32 i;

	for (i = 0; i < DT_TABLES; i++)
		if (tables[i].hooked && write_table(i))
			printk(KERN_ERR "dtrace: system call table %u stays hooked: no memory to restore it\n", i);
}

/* Marks whose breakpoints are gone. Nobody else has a use for them. */
void dt_syscalls_forget(void)
{
	struct slot *slot;
	unsigned long task;
	u32 i;

	for (i = 0; i < BUCKETS * WAYS; i++) {
		task = env_read_once(stash[i].task);
		if (!task || stash[i].place)
			continue;
		slot = &tables[stash[i].number / DT_SYSCALL_SLOTS]
				.slots[stash[i].number % DT_SYSCALL_SLOTS];
		if (!slot->ret)
			(void)cmpxchg(&stash[i].task, task, 0ul);
	}
}

u32 dt_syscalls_hooked(void)
{
	return tables[0].hooked + tables[1].hooked;
}

int dt_systrace_init(void)
{
	stash = env_alloc(NULL, (u64)BUCKETS * WAYS * sizeof(*stash));
	return stash ? 0 : -ENOMEM;
}

/*
 * Give the tasks that sleep in a call the address that they are to return to.
 * It is where it was, or 48 bytes below: old kernels' stubs move it.
 * Context: all other CPUs wait, and no task can be inside our code.
 */
static int put_back(void *unused)
{
	unsigned long *place;
	u32 i;

	for (i = 0; i < BUCKETS * WAYS; i++) {
		if (!stash[i].task || !stash[i].place)
			continue;
		place = (unsigned long *)stash[i].place;
		if (*place != (unsigned long)dt_after)
			place -= 48 / sizeof(*place);
		if (*place == (unsigned long)dt_after)
			*place = stash[i].back;
		stash[i].task = 0;
	}
	return 0;
}

void dt_systrace_exit(void)
{
	stop_machine(put_back, NULL, NULL);
	vfree(stash);
}
