// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * int3.c - breakpoints in kernel text, by displaced execution.
 *
 * A site is an address and a slot: the instruction that was there, encoded for
 * its place in our own text, and the way back. User space decodes and encodes
 * (../src/x86.rs); here an INT3 is looked up by address, what hangs on the site
 * is run, and execution goes on in the slot. Nothing is emulated and nothing is
 * single-stepped.
 *
 * Sites are never removed from the table before the module goes: a breakpoint
 * that was hit before its byte was restored must still find its way.
 */
#include <linux/vmalloc.h>
#include <linux/stop_machine.h>
#include "kmod.h"

#define SITES		98304u
#define TABLE		262144u	/* a power of two, more than twice as many */
#define CHUNK		1024u	/* bytes written while all CPUs wait */
#define INT3		0xcc

struct site {
	unsigned long address;
	struct dt_hook *hooks[3]; /* by DT_SITE_PROBE, _CHILD, _DROP; of the latter only whether any */
	u8 original;
	u8 armed;
	u8 coded;		/* its slot has code */
	u8 stacked;		/* DT_SITE_STACKED */
};

const u32 dt_slot_count = SITES;

/* slots.S */
extern u8 dt_slots[];

static struct site *sites;
static u32 *table;		/* site + 1, 0: free */
static u32 used, armed_count;
static struct dt_alias slots_alias;

static u32 hash_of(unsigned long address)
{
	return (u32)((address * 0x9e3779b97f4a7c15ull) >> 32) & (TABLE - 1);
}

/* Any context; calls nothing. */
static __always_inline struct site *find(unsigned long address)
{
	u32 at = hash_of(address), index;

	for (;; at = (at + 1) & (TABLE - 1)) {
		index = env_read_once(table[at]);
		if (!index)
			return NULL;
		if (sites[index - 1].address == address)
			return &sites[index - 1];
	}
}

static int is_hooked(const struct site *site)
{
	return site->hooks[0] || site->hooks[1] || site->hooks[2];
}

static unsigned long slot_of(const struct site *site)
{
	return (unsigned long)dt_slots + (unsigned long)(site - sites) * DT_SLOT_BYTES;
}

/*
 * Context: INT3 trap, interrupts off, on the debug stack where there is one,
 * which has room for one nested trap: nothing is called before the guard.
 */
static int on_trap(struct notifier_block *block, unsigned long what, void *data)
{
	struct die_args *args = data;
	struct pt_regs *regs = args->regs;
	struct site *site;

	if (what != DIE_INT3 && !(what == DIE_TRAP && args->trapnr == 3))
		return NOTIFY_DONE;
	if (!regs || user_mode(regs))
		return NOTIFY_DONE;
	site = find(regs->ip - 1);
	if (!site || !site->coded)
		return NOTIFY_DONE;
	regs->ip = site->address;
	if (env_read_once(site->hooks[DT_SITE_PROBE]))
		dt_fire_regs(&site->hooks[DT_SITE_PROBE], regs,
			     site->stacked ? DT_ARGS_STACKED : DT_ARGS_REGS);
	if (env_read_once(site->hooks[DT_SITE_CHILD]))
		dt_sys_child();
	if (env_read_once(site->hooks[DT_SITE_DROP]))
		dt_sys_dropped(regs);
	regs->ip = slot_of(site);
	return NOTIFY_STOP;
}

static struct notifier_block trap_block = {
	.notifier_call = on_trap,
	.priority = 0x7fffffff,
};

/* Slots for these addresses. Under dt_arm_lock. */
int dt_sites_reserve(const u64 *addresses, u64 *slots, u32 count)
{
	struct site *site;
	u32 i, at;

	for (i = 0; i < count; i++) {
		unsigned long address = (unsigned long)addresses[i];

		site = address ? find(address) : NULL;
		if (!site) {
			if (used == SITES)
				return -ENOSPC;
			if (address < TASK_SIZE_MAX ||
			    address - (unsigned long)dt_slots < (unsigned long)SITES * DT_SLOT_BYTES)
				return -EINVAL;
			site = &sites[used];
			site->address = address;
			at = hash_of(address);
			while (table[at])
				at = (at + 1) & (TABLE - 1);
			env_order();
			env_write_once(table[at], ++used);
		}
		slots[i] = slot_of(site);
	}
	return 0;
}

/* ---- writing bytes: all CPUs wait, a chunk at a time ------------------- */

struct patch {
	struct dt_alias *alias;
	struct site **sites;
	u32 count;
	int arm;
	u32 done;
};

static int write_bytes(void *data)
{
	struct patch *patch = data;
	struct site *site;
	u8 *byte;
	u32 i;

	for (i = 0; i < patch->count; i++) {
		site = patch->sites[i];
		byte = dt_alias_at(patch->alias, site->address);
		if (patch->arm && *byte == site->original) {
			*byte = INT3;
			site->armed = 1;
			patch->done++;
		} else if (!patch->arm && *byte == INT3) {
			*byte = site->original;
			site->armed = 0;
			patch->done++;
		}
	}
	return 0;
}

/* Arm or disarm these sites, which lie between @low and @high. */
static int write_sites(struct site **list, u32 count, unsigned long low, unsigned long high, int arm)
{
	struct dt_alias alias;
	struct patch patch;
	int error;
	u32 at;

	if (!count)
		return 0;
	error = dt_alias_open(&alias, low, high);
	if (error)
		return error;
	patch.alias = &alias;
	patch.arm = arm;
	patch.done = 0;
	for (at = 0; at < count; at += CHUNK) {
		patch.sites = list + at;
		patch.count = count - at < CHUNK ? count - at : CHUNK;
		stop_machine(write_bytes, &patch, NULL);
	}
	dt_alias_close(&alias);
	armed_count += arm ? patch.done : -patch.done;
	return 0;
}

static u32 kind_of(const struct dt_site_def *def)
{
	return def->kind & ~DT_SITE_STACKED;
}

/* Whether this session has that program there already. */
static int has_hook(const struct dt_session *session, const struct dt_site_def *def)
{
	const struct site *site = find((unsigned long)def->address);
	const struct dt_hook *hook;

	if (!site || kind_of(def) > DT_SITE_DROP)
		return 0;
	for (hook = site->hooks[kind_of(def)]; hook; hook = hook->next)
		if (hook->session == session && hook->prog == def->prog)
			return 1;
	return 0;
}

/*
 * dt_sites_arm - hook these sites, then plant what is not planted yet.
 * What can't be is told in each definition's result. Under dt_arm_lock.
 */
int dt_sites_arm(struct dt_session *session, struct dt_site_def *defs, u32 count, u32 *armed)
{
	unsigned long low = ~0ul, high = 0;
	struct dt_batch *batch;
	struct site **list, *site;
	u32 i, fresh = 0;
	int error = 0;
	u8 byte;

	for (i = 0; i < count; i++)
		if (has_hook(session, &defs[i]))
			return -EEXIST;
	batch = dt_batch_new(session, count);
	list = vmalloc(((u64)count + 1) * sizeof(*list));
	if (!batch || !list) {
		vfree(list);
		return -ENOMEM;
	}
	for (i = 0; i < count; i++) {
		struct dt_site_def *def = &defs[i];
		struct dt_hook *hook = &batch->hooks[i];

		site = find((unsigned long)def->address);
		if (!site || kind_of(def) > DT_SITE_DROP) {
			def->result = DT_SITE_UNRESERVED;
			continue;
		}
		if (dt_copy_kernel(&byte, site->address, 1)) {
			def->result = DT_SITE_UNREADABLE;
			continue;
		}
		if (!site->armed) {
			if (byte != def->first || byte == INT3 || !def->code_bytes ||
			    def->code_bytes > DT_SLOT_BYTES) {
				def->result = DT_SITE_CHANGED;
				continue;
			}
			site->original = byte;
			memcpy(dt_alias_at(&slots_alias, slot_of(site)), def->code, def->code_bytes);
			env_order();
			site->coded = 1;
			/* it may be there twice: the second time it is armed already */
			site->armed = 1;
			list[fresh++] = site;
			low = site->address < low ? site->address : low;
			high = site->address > high ? site->address : high;
		}
		def->result = DT_SITE_ARMED;
		site->stacked |= (def->kind & DT_SITE_STACKED) != 0;
		hook->session = session;
		hook->prog = def->prog;
		hook->cookie = def->cookie;
		hook->ip = def->ip;
		dt_hook_add(&site->hooks[kind_of(def)], hook);
	}
	for (i = 0; i < fresh; i++)
		list[i]->armed = 0;
	error = write_sites(list, fresh, low, high, 1);
	vfree(list);
	*armed = 0;
	for (i = 0; i < count; i++) {
		site = find((unsigned long)defs[i].address);
		if (defs[i].result == DT_SITE_ARMED && !site->armed)
			defs[i].result = DT_SITE_CHANGED;
		*armed += defs[i].result == DT_SITE_ARMED;
	}
	return error;
}

void dt_sites_sweep(void)
{
	struct site **list;
	unsigned long low, high;
	u32 i, at = 0, count;

	list = vmalloc(CHUNK * sizeof(*list));
	/* without memory, a few at a time */
	do {
		struct site *few[16];
		struct site **into = list ? list : few;
		u32 room = list ? CHUNK : 16;

		low = ~0ul;
		high = 0;
		count = 0;
		for (i = at; i < used && count < room; i++) {
			if (!sites[i].armed || is_hooked(&sites[i]))
				continue;
			into[count++] = &sites[i];
			low = sites[i].address < low ? sites[i].address : low;
			high = sites[i].address > high ? sites[i].address : high;
		}
		at = i;
		if (write_sites(into, count, low, high, 0))
			printk(KERN_ERR "dtrace: %u breakpoints stay planted: no memory to remove them\n",
			       count);
	} while (at < used);
	vfree(list);
}

u32 dt_sites_used(void)
{
	return used;
}

u32 dt_sites_armed(void)
{
	return armed_count;
}

int dt_int3_init(void)
{
	int error;

	sites = env_alloc(NULL, (u64)SITES * sizeof(*sites));
	table = env_alloc(NULL, (u64)TABLE * sizeof(*table));
	if (!sites || !table)
		goto no_memory;
	error = dt_alias_open(&slots_alias, (unsigned long)dt_slots,
			      (unsigned long)dt_slots + (unsigned long)SITES * DT_SLOT_BYTES - 1);
	if (error)
		goto out;
	error = register_die_notifier(&trap_block);
	if (!error)
		return 0;
	dt_alias_close(&slots_alias);
	goto out;
no_memory:
	error = -ENOMEM;
out:
	vfree(sites);
	vfree(table);
	return error;
}

/* No session is left: no site is armed. */
void dt_int3_exit(void)
{
	unregister_die_notifier(&trap_block);
	dt_quiesce();
	dt_alias_close(&slots_alias);
	vfree(sites);
	vfree(table);
}
