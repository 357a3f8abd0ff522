// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * text.c - writing to what is read-only: kernel text, tables, our own slots.
 *
 * Through a temporary second mapping of the same pages. The protection of the
 * first never changes, so it makes no difference whether it is made of 4 KB or
 * 2 MB pages, and there is nothing to restore when something goes wrong between.
 *
 * Caller's context: process, may sleep.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include "kmod.h"

static struct page *page_of(unsigned long address)
{
	/* module space is made of vmalloc's pages; the kernel's image is linear */
	if (address >= MODULES_VADDR && address < MODULES_END)
		return vmalloc_to_page((void *)address);
	return pfn_to_page(__pa(address) >> PAGE_SHIFT);
}

/* dt_alias_open - alias the pages of [@first, @last]. */
int dt_alias_open(struct dt_alias *alias, unsigned long first, unsigned long last)
{
	unsigned long count, i;
	struct page **pages;

	alias->map = NULL;
	alias->base = first & PAGE_MASK;
	if (last < first || last - first > (256ul << 20))
		return -ERANGE;
	count = ((last & PAGE_MASK) - alias->base) / PAGE_SIZE + 1;
	alias->bytes = count * PAGE_SIZE;
	pages = vmalloc(count * sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		pages[i] = page_of(alias->base + i * PAGE_SIZE);
		if (!pages[i]) {
			vfree(pages);
			return -EFAULT;
		}
	}
	alias->map = vmap(pages, count, VM_MAP, PAGE_KERNEL);
	vfree(pages);
	return alias->map ? 0 : -ENOMEM;
}

void dt_alias_close(struct dt_alias *alias)
{
	if (alias->map)
		vunmap(alias->map);
	alias->map = NULL;
}

#ifdef CONFIG_X86_32
static int ignore(struct notifier_block *block, unsigned long what, void *data)
{
	return NOTIFY_DONE;
}

void dt_sync_mappings(void)
{
	struct notifier_block block = { .notifier_call = ignore };

	if (!register_die_notifier(&block))
		unregister_die_notifier(&block);
}
#endif
