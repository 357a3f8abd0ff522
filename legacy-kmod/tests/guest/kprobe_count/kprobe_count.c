// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * kprobe_count.c - what the kernel's own breakpoints cost: a kprobe that counts,
 * to be compared with `fbt::…:entry { @ = count(); }` at the same place.
 */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/threads.h>
#include <linux/smp.h>

static char *symbol = "sys_getppid";
module_param(symbol, charp, 0444);

static unsigned long hits[NR_CPUS];

static int on_hit(struct kprobe *probe, struct pt_regs *regs)
{
	hits[raw_smp_processor_id()]++;
	return 0;
}

static struct kprobe probe = { .pre_handler = on_hit };

static int count_init(void)
{
	probe.symbol_name = symbol;
	return register_kprobe(&probe);
}

static void count_exit(void)
{
	unsigned long all = 0;
	int cpu;

	unregister_kprobe(&probe);
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		all += hits[cpu];
	printk(KERN_INFO "kprobe_count: %lu hits\n", all);
}

module_init(count_init);
module_exit(count_exit);
MODULE_LICENSE("GPL");
