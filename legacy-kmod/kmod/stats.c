// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * stats.c - what the module counts, /proc/dtrace/stats, and the audit: hashes of
 * kernel text, of tables and of the IDT, kept from when they were first asked for.
 *
 * Caller's context: process, may sleep.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "kmod.h"

/* Every open file's, and what those that are closed have left. */
static struct dt_session *sessions;
static u64 old_drops;
static DEFINE_MUTEX(sessions_lock);

void dt_session_enter(struct dt_session *session)
{
	mutex_lock(&sessions_lock);
	session->next = sessions;
	sessions = session;
	mutex_unlock(&sessions_lock);
}

static u64 drops_of(const struct dt_vm *vm)
{
	u64 drops = 0;
	u32 i, cpu;

	for (i = 0; vm && i < vm->map_count; i++)
		if (vm->maps[i].type == DT_MAP_RING && vm->maps[i].rings)
			for (cpu = 0; cpu < vm->cpu_count; cpu++)
				drops += env_read_once(vm->maps[i].rings[cpu].drops);
	return drops;
}

void dt_session_leave(struct dt_session *session)
{
	struct dt_session **at = &sessions;

	mutex_lock(&sessions_lock);
	while (*at && *at != session)
		at = &(*at)->next;
	if (*at)
		*at = session->next;
	old_drops += drops_of(session->vm);
	mutex_unlock(&sessions_lock);
}

/* A session that is being loaded has its machine only when all of it is there. */
void dt_session_loaded(struct dt_session *session, struct dt_vm *vm)
{
	mutex_lock(&sessions_lock);
	session->vm = vm;
	mutex_unlock(&sessions_lock);
}

void dt_stats_take(struct dt_stats *stats)
{
	struct dt_session *session;
	u32 cpu;

	memset(stats, 0, sizeof(*stats));
	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		stats->firings += dt_cpus[cpu].firings;
		stats->misses += dt_cpus[cpu].misses;
		stats->faults += dt_cpus[cpu].faults;
		stats->no_stash += dt_cpus[cpu].no_stash;
		if (dt_cpus[cpu].last_fault) {
			stats->last_fault = dt_cpus[cpu].last_fault;
			stats->last_insn = dt_cpus[cpu].last_insn;
		}
	}
	stats->armed = dt_sites_armed();
	stats->hooked = dt_syscalls_hooked();
	stats->slots_used = dt_sites_used();
	mutex_lock(&sessions_lock);
	stats->drops = old_drops;
	for (session = sessions; session; session = session->next) {
		stats->consumers++;
		stats->memory += session->env.bytes;
		stats->drops += drops_of(session->vm);
	}
	mutex_unlock(&sessions_lock);
}

/* ---- /proc/dtrace/stats ------------------------------------------------ */

static int show(struct seq_file *out, void *unused)
{
	struct dt_stats stats;

	dt_stats_take(&stats);
	seq_printf(out, "abi %u\n", DT_ABI_VERSION);
	seq_printf(out, "consumers %u\n", stats.consumers);
	seq_printf(out, "sites_armed %u\n", stats.armed);
	seq_printf(out, "slots_used %u\nslots %u\n", stats.slots_used, dt_slot_count);
	seq_printf(out, "syscalls_hooked %u\n", stats.hooked);
	seq_printf(out, "firings %llu\n", stats.firings);
	seq_printf(out, "misses %llu\n", stats.misses);
	seq_printf(out, "faults %llu\n", stats.faults);
	seq_printf(out, "drops %llu\n", stats.drops);
	seq_printf(out, "returns_lost %llu\n", stats.no_stash);
	seq_printf(out, "memory %llu\n", stats.memory);
	return 0;
}

static int on_open(struct inode *inode, struct file *file)
{
	return single_open(file, show, NULL);
}

DT_PROC_OPERATIONS(operations, on_open);

static struct proc_dir_entry *folder;

/* Without /proc there are no numbers there, and nothing else is missing. */
void dt_stats_init(void)
{
	folder = proc_mkdir("dtrace", NULL);
	if (folder)
		proc_create("stats", 0400, folder, &operations);
}

void dt_stats_exit(void)
{
	if (!folder)
		return;
	remove_proc_entry("stats", folder);
	remove_proc_entry("dtrace", NULL);
}

/* ---- the audit --------------------------------------------------------- */

#define AUDITS 16u

static struct {
	u64 address, bytes, before;
} audits[AUDITS];
static u32 audit_count;
static DEFINE_MUTEX(audit_lock);

struct idt_register {
	u16 last;
	unsigned long base;
} __attribute__((packed));

static int hash_range(u64 address, u64 bytes, u64 *hash)
{
	u64 *page = kmalloc(PAGE_SIZE, GFP_KERNEL), word, done, piece, i;
	int error = page ? 0 : -ENOMEM;

	*hash = 0xcbf29ce484222325ull;
	for (done = 0; !error && done < bytes; done += piece) {
		piece = bytes - done < PAGE_SIZE ? bytes - done : PAGE_SIZE;
		if (env_read(NULL, page, address + done, piece, DT_SPACE_KERNEL)) {
			error = -EFAULT;
			break;
		}
		memset((u8 *)page + piece, 0, PAGE_SIZE - piece);
		for (i = 0; i < (piece + 7) / 8; i++) {
			word = (*hash ^ page[i]) * 0x100000001b3ull;
			*hash = word ^ word >> 29;
		}
		cond_resched();
	}
	kfree(page);
	return error;
}

int dt_audit(struct dt_audit_args *args)
{
	struct idt_register idt;
	int error;
	u32 i;

	if (args->kind > DT_AUDIT_IDT || args->reserved)
		return -EINVAL;
	if (args->kind == DT_AUDIT_IDT) {
		__asm__ __volatile__("sidt %0" : "=m" (idt));
		args->address = idt.base;
		args->bytes = (u64)idt.last + 1;
	}
	if (!args->bytes || args->bytes > DT_MAX_MAP_BYTES)
		return -ERANGE;
	error = hash_range(args->address, args->bytes, &args->now);
	if (error)
		return error;
	mutex_lock(&audit_lock);
	for (i = 0; i < audit_count; i++)
		if (audits[i].address == args->address && audits[i].bytes == args->bytes)
			break;
	if (i == AUDITS) {
		error = -ENOSPC;
	} else {
		if (i == audit_count) {
			audits[i].address = args->address;
			audits[i].bytes = args->bytes;
			audits[i].before = args->now;
			audit_count++;
		}
		args->before = audits[i].before;
	}
	mutex_unlock(&audit_lock);
	return error;
}
