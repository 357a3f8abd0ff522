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
 * A site stays in the table when nothing is armed there any more: a breakpoint
 * that was hit before its byte was restored must still find its way. When the
 * module whose text it was in goes, the site is dead: nothing is found there, and
 * arming needs a new reservation. Its slot is given away once its address is
 * unmapped. Until then somebody may be inside, preempted in the slot: a module's
 * parameters are read and written by its own code until its memory is freed.
 */
#include <linux/vmalloc.h>
#include <linux/stop_machine.h>
#include "kmod.h"

#define SITES		98304u
#define TABLE		262144u	/* a power of two, more than twice as many */
#define CHUNK		DT_SPOTS	/* bytes written while all CPUs wait */
#define INT3		0xcc

struct site {
	unsigned long address;	/* 0: free */
	struct dt_hook *hooks[3]; /* by DT_SITE_PROBE, _CHILD, _DROP; of the latter only whether any */
	u8 original;
	u8 armed;
	u8 coded;		/* its slot has code */
	u8 stacked;		/* DT_SITE_STACKED */
	u8 dead;
};

const u32 dt_slot_count = SITES;

/* slots.S */
extern u8 dt_slots[];

static struct site *sites;
static u32 *table;		/* site + 1, 0: free */
static u32 *other_table;	/* to change what has no room for changes */
static u32 used, free_count, dead_count, armed_count;
static struct dt_alias slots_alias;

static u32 hash_of(unsigned long address)
{
	return (u32)((address * 0x9e3779b97f4a7c15ull) >> 32) & (TABLE - 1);
}

/* Any context; calls nothing. */
static __always_inline struct site *find(unsigned long address)
{
	const u32 *now = env_read_once(table);
	u32 at = hash_of(address), index;

	for (;; at = (at + 1) & (TABLE - 1)) {
		index = env_read_once(now[at]);
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

static void enter(u32 *into, u32 index)
{
	u32 at = hash_of(sites[index].address);

	while (into[at])
		at = (at + 1) & (TABLE - 1);
	env_write_once(into[at], index + 1);
}

/* Make what is dead and whose memory is gone free. Readers have the old table or the new one. */
static void collect(void)
{
	u32 i, *old = table, found = 0;

	if (!dead_count)
		return;
	/* freed memory is unmapped when there is enough of it: now */
	vm_unmap_aliases();
	for (i = 0; i < used && dead_count; i++) {
		if (!sites[i].dead || dt_is_mapped(sites[i].address))
			continue;
		memset(&sites[i], 0, sizeof(sites[i]));
		dead_count--;
		found++;
	}
	if (!found)
		return;
	memset(other_table, 0, (u64)TABLE * sizeof(*table));
	for (i = 0; i < used; i++)
		if (sites[i].address)
			enter(other_table, i);
	env_order();
	env_write_once(table, other_table);
	other_table = old;
	dt_quiesce();
	free_count += found;
}

/* A site that is free, or NULL. @from: none is before it; moved on. */
static struct site *take_free(u32 *from)
{
	if (!free_count)
		return used < SITES ? &sites[used++] : NULL;
	while (sites[*from].address)
		++*from;
	free_count--;
	return &sites[*from];
}

/* Slots for these addresses. Under dt_arm_lock. */
int dt_sites_reserve(const u64 *addresses, u64 *slots, u32 count)
{
	struct site *site;
	u32 i, from = 0;

	collect();
	for (i = 0; i < count; i++) {
		unsigned long address = (unsigned long)addresses[i];

		site = find(address);
		if (!site) {
			site = take_free(&from);
			if (!site)
				return -ENOSPC;
			site->address = address;
			env_order();
			enter(table, site - sites);
		} else if (site->dead) {
			/* another module's text: whoever was in the slot has left with the first */
			site->dead = 0;
			dead_count--;
		}
		slots[i] = slot_of(site);
	}
	return 0;
}

/* ---- writing bytes: all CPUs wait, a chunk at a time ------------------- */

struct patch {
	struct site **sites;
	const unsigned long *spots;
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
		byte = (u8 *)patch->spots[i];
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

/* Arm or disarm these sites. Under dt_arm_lock. */
static int write_sites(struct site **list, u32 count, int arm)
{
	static unsigned long spots[CHUNK];
	struct patch patch = { .spots = spots, .arm = arm };
	struct dt_alias alias;
	int error = 0;
	u32 at, i;

	for (at = 0; at < count && !error; at += CHUNK) {
		patch.sites = list + at;
		patch.count = count - at < CHUNK ? count - at : CHUNK;
		for (i = 0; i < patch.count; i++)
			spots[i] = list[at + i]->address;
		error = dt_alias_spots(&alias, spots, patch.count);
		if (!error)
			stop_machine(write_bytes, &patch, NULL);
		dt_alias_close(&alias);
	}
	armed_count += arm ? patch.done : -patch.done;
	return error;
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
 * dt_sites_arm - hook these sites, then plant what is not planted yet. @gone:
 * modules that had gone when the caller began to look at text.
 * What can't be is told in each definition's result. Under dt_arm_lock.
 */
int dt_sites_arm(struct dt_session *session, struct dt_site_def *defs, u32 count, u32 gone,
		 u32 *armed)
{
	struct dt_module module = { 0 };
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
		if (dt_in_modules(site->address) &&
		    (site->dead || dt_module_went(site->address, gone) ||
		     dt_module_at(site->address, &module))) {
			def->result = DT_SITE_GONE;
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
	error = write_sites(list, fresh, 1);
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

/* Disarm the sites of some text that nothing hangs on. */
static void disarm(unsigned long from, unsigned long to)
{
	static struct site *list[CHUNK];
	u32 i = 0, count;

	while (i < used) {
		for (count = 0; i < used && count < CHUNK; i++)
			if (sites[i].armed && !is_hooked(&sites[i]) && sites[i].address >= from &&
			    sites[i].address < to)
				list[count++] = &sites[i];
		if (write_sites(list, count, 0))
			printk(KERN_ERR "dtrace: %u breakpoints stay planted: no memory to remove them\n",
			       count);
	}
}

void dt_sites_sweep(void)
{
	disarm(0, ~0ul);
}

/*
 * dt_sites_forget - a module goes: so do the probes in its text. Its exit has come
 * back, but its text may still be run until it is freed. Under dt_arm_lock.
 */
void dt_sites_forget(unsigned long from, unsigned long to)
{
	u32 i, found = 0;

	for (i = 0; i < used; i++) {
		struct site *site = &sites[i];

		if (site->address < from || site->address >= to || site->dead)
			continue;
		dt_hooks_drop(&site->hooks[DT_SITE_PROBE]);
		dt_hooks_drop(&site->hooks[DT_SITE_CHILD]);
		dt_hooks_drop(&site->hooks[DT_SITE_DROP]);
		found++;
	}
	if (!found)
		return;
	disarm(from, to);
	dt_quiesce();
	for (i = 0; i < used; i++) {
		struct site *site = &sites[i];

		if (site->address < from || site->address >= to || site->dead)
			continue;
		/* where a byte could not be restored, it goes with the memory that it is in */
		armed_count -= site->armed;
		site->armed = site->stacked = 0;
		site->coded = 0;
		site->dead = 1;
		dead_count++;
	}
}

u32 dt_sites_used(void)
{
	return used - free_count;
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
	other_table = env_alloc(NULL, (u64)TABLE * sizeof(*table));
	if (!sites || !table || !other_table)
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
	vfree(other_table);
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
	vfree(other_table);
}
