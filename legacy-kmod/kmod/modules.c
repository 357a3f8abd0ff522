// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * modules.c - text of other modules, which comes and goes.
 *
 * A module that is probed can be unloaded like any other: its probes vanish. The
 * kernel says so after the module's own exit and before the memory is freed, and
 * waits for us. Whoever holds dt_arm_lock and has found a module live can
 * therefore count on its text being there until the lock is given up.
 *
 * No function that finds modules is exported by all kernels. But we are one, and
 * are on the list with the others.
 */
#include <linux/notifier.h>
#include <linux/rculist.h>
#include "kmod.h"

#define LOG 64u			/* of the last that went */

static struct {
	unsigned long from, to;
} went[LOG];
static u32 gone;

u32 dt_modules_gone(void)
{
	return env_read_once(gone);
}

int dt_module_went(unsigned long address, u32 since)
{
	u32 i, count = gone - since;

	if (count > LOG)
		return 1;
	for (i = 0; i < count; i++) {
		u32 at = (since + i) % LOG;

		if (address >= went[at].from && address < went[at].to)
			return 1;
	}
	return 0;
}

int dt_module_at(unsigned long address, struct dt_module *found)
{
	const struct list_head *at = &THIS_MODULE->list;
	unsigned long text, bytes;
	int error = -ERANGE;

	if (address - found->text < found->text_bytes)
		return 0;
	/* modules are taken off the list when no CPU can still be on its way along it */
	preempt_disable();
	for (at = env_read_once(at->next); at != &THIS_MODULE->list; at = env_read_once(at->next)) {
		const struct module *module = list_entry(at, struct module, list);

		/* the list's head is the kernel's; what is in a module is a module */
		if (!dt_in_modules((unsigned long)at))
			continue;
		dt_module_text(module, &text, &bytes);
		if (address - text >= bytes)
			continue;
		error = -ESTALE;
		if (module->state == MODULE_STATE_LIVE) {
			found->text = text;
			found->text_bytes = bytes;
			found->fixups = (unsigned long)module->extable;
			found->fixup_bytes = module->num_exentries * sizeof(*module->extable);
			error = 0;
		}
		break;
	}
	preempt_enable();
	return error;
}

/* Context: process; of a module whose exit has come back. */
static int on_module(struct notifier_block *block, unsigned long what, void *data)
{
	unsigned long text, bytes;

	if (what != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	dt_module_text(data, &text, &bytes);
	mutex_lock(&dt_arm_lock);
	went[gone % LOG].from = text;
	went[gone % LOG].to = text + bytes;
	gone++;
	dt_sites_forget(text, text + bytes);
	mutex_unlock(&dt_arm_lock);
	return NOTIFY_DONE;
}

static struct notifier_block module_block = { .notifier_call = on_module };

int dt_modules_init(void)
{
	return register_module_notifier(&module_block);
}

void dt_modules_exit(void)
{
	unregister_module_notifier(&module_block);
}
