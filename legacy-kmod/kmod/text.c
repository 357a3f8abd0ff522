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
#include <linux/vmalloc.h>
#include "kmod.h"

static struct page *page_of(unsigned long address)
{
	/* module space is made of vmalloc's pages; the kernel's image is linear */
	if (dt_in_modules(address))
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

int dt_alias_spots(struct dt_alias *alias, unsigned long *spots, u32 count)
{
	static struct page *pages[DT_SPOTS];
	u32 i, used = 0;

	alias->map = NULL;
	if (count > DT_SPOTS)
		return -E2BIG;
	for (i = 0; i < count; i++) {
		struct page *page = page_of(spots[i]);

		if (!page)
			return -EFAULT;
		/* neighbours have their spots in a row */
		if (!used || pages[used - 1] != page)
			pages[used++] = page;
		spots[i] = (used - 1) * PAGE_SIZE + (spots[i] & ~PAGE_MASK);
	}
	alias->map = vmap(pages, used, VM_MAP, PAGE_KERNEL);
	for (i = 0; alias->map && i < count; i++)
		spots[i] += (unsigned long)alias->map;
	return alias->map ? 0 : -ENOMEM;
}

void dt_alias_close(struct dt_alias *alias)
{
	if (alias->map)
		vunmap(alias->map);
	alias->map = NULL;
}

/* What the page tables say of an address of the kernel's; 0: nothing is there. */
static unsigned long page_flags_of(unsigned long address)
{
	unsigned int level;
	pte_t *entry = lookup_address(address, &level);

	return entry && (pte_flags(*entry) & _PAGE_PRESENT) ? pte_flags(*entry) : 0;
}

int dt_is_mapped(unsigned long address)
{
	return page_flags_of(address) != 0;
}

/*
 * Whether the kernel proper may run what is there. Old kernels' data may be run as
 * well, but not their text written: where that is so of a function, it is of all
 * text.
 */
int dt_is_kernel_text(u64 address)
{
	unsigned long flags;

	if (address != (unsigned long)address || address < TASK_SIZE_MAX ||
	    dt_in_modules((unsigned long)address))
		return 0;
	flags = page_flags_of((unsigned long)address);
	if (!flags || (flags & (_PAGE_NX | _PAGE_USER)))
		return 0;
	return !(flags & _PAGE_RW) ||
	       (page_flags_of((unsigned long)register_die_notifier) & _PAGE_RW);
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
