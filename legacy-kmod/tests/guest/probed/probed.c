// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * probed.c - a module to be probed, and to come and go while it is.
 *
 * Threads call its functions until its exit has stopped them, and so does whoever
 * reads /sys/kernel/probed/run: that file takes no reference, so readers are inside
 * when unloading begins. They start when something is written there, so that a
 * tracer can be ready. What a call gives back is checked; probed_last() tells how
 * many there were, and how many were wrong.
 */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/err.h>
#include <asm/asm.h>
#include <asm/linkage.h>

#define THREADS 2

static struct task_struct *threads[THREADS];
static struct kobject *folder;
static atomic_t calls, wrong, running;

/*
 * int probed_faults(const int *from) - what is there, or -1. Its first
 * instruction may fault, and has a fixup: nobody may move it.
 */
int probed_faults(const int *from);
unsigned int probed_leaf(unsigned int number);
unsigned int probed_step(unsigned int a, unsigned int b, unsigned int c);
void probed_last(unsigned long all, unsigned long bad);

#ifndef ASM_RET
#define ASM_RET "ret\n"
#endif
#ifdef CONFIG_X86_64
#define LOAD "movl (%rdi), %eax\n"
#else
#define LOAD "movl (%eax), %eax\n"
#endif
__asm__(".text\n"
	".globl probed_faults\n"
	".type probed_faults, @function\n"
	"probed_faults:\n"
	"1:	" LOAD
	"2:	" ASM_RET
	"3:	movl $-1, %eax\n"
	"	jmp 2b\n"
	".size probed_faults, . - probed_faults\n"
	_ASM_EXTABLE(1b, 3b));

noinline unsigned int probed_leaf(unsigned int number)
{
	barrier();
	return number * 2654435761u;
}

noinline unsigned int probed_step(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int leaf = probed_leaf(a);

	if (probed_faults((const int *)8) != -1 || probed_faults((const int *)&leaf) != (int)leaf)
		return 0;
	return leaf ^ b ^ c;
}

static void one_call(unsigned int number)
{
	unsigned int expected = (number * 2654435761u) ^ (number + 1) ^ (number + 2);

	if (probed_step(number, number + 1, number + 2) != expected)
		atomic_inc(&wrong);
	atomic_inc(&calls);
}

static int probed_thread(void *unused)
{
	unsigned int number = 0, i;

	while (!kthread_should_stop()) {
		for (i = 0; atomic_read(&running) && i < 20; i++)
			one_call(number++);
		schedule_timeout_interruptible(1);
	}
	return 0;
}

static ssize_t probed_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	if (atomic_read(&running))
		one_call(atomic_read(&calls));
	return sprintf(page, "%d\n", atomic_read(&calls));
}

static ssize_t probed_store(struct kobject *kobj, struct kobj_attribute *attr, const char *page,
			    size_t bytes)
{
	atomic_set(&running, 1);
	return bytes;
}

static struct kobj_attribute run = __ATTR(run, 0600, probed_show, probed_store);

noinline void probed_last(unsigned long all, unsigned long bad)
{
	barrier();
}

static void stop_threads(void)
{
	int i;

	for (i = 0; i < THREADS; i++)
		if (threads[i])
			kthread_stop(threads[i]);
}

static int probed_init(void)
{
	int error = -ENOMEM, i;

	for (i = 0; i < THREADS; i++) {
		threads[i] = kthread_run(probed_thread, NULL, "probed/%d", i);
		if (IS_ERR(threads[i])) {
			error = PTR_ERR(threads[i]);
			threads[i] = NULL;
			goto out;
		}
	}
	folder = kobject_create_and_add("probed", kernel_kobj);
	if (!folder)
		goto out;
	error = sysfs_create_file(folder, &run.attr);
	if (!error)
		return 0;
	kobject_put(folder);
out:
	stop_threads();
	return error;
}

static void probed_exit(void)
{
	stop_threads();
	kobject_put(folder);
	probed_last(atomic_read(&calls), atomic_read(&wrong));
}

module_init(probed_init);
module_exit(probed_exit);
MODULE_LICENSE("GPL");
