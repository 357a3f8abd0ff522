/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * compat.h - where kernels differ, under names that say what the difference is.
 *
 * The only file of the module that compares versions. What a configuration
 * symbol or a macro can tell is asked of that, not of the version.
 */
#ifndef DT_COMPAT_H
#define DT_COMPAT_H

#include <linux/version.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/stacktrace.h>
#include <linux/kdebug.h>
#include <asm/processor.h>
#include <asm/ptrace.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(4, 11, 0)
#include <linux/sched/task_stack.h>
#endif
#include <asm/tsc.h>

/* Safe loads. They must not sleep, and may be called with interrupts off. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 8, 0)
/*
 * Word by word, with the kernel's own macro for a load that may fault. No
 * function is called that may be probed itself: its breakpoint would cost more
 * than the load. Kernel addresses are as good as any to it.
 */
static inline long dt_copy_words(u8 *to, const u8 __user *from, unsigned long bytes)
{
	unsigned long word;
	u8 byte;

	for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
		if (__get_user(word, (const unsigned long __user *)from))
			return -EFAULT;
		__builtin_memcpy(to, &word, sizeof(word));
		to += sizeof(word);
		from += sizeof(word);
	}
	for (; bytes; bytes--) {
		if (__get_user(byte, from))
			return -EFAULT;
		*to++ = byte;
		from++;
	}
	return 0;
}
#endif

static inline long dt_copy_kernel(void *to, unsigned long from, unsigned long bytes)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 8, 0)
	return copy_from_kernel_nofault(to, (const void *)from, bytes) ? -EFAULT : 0;
#else
	long error;

	pagefault_disable();
	error = dt_copy_words(to, (const u8 __user *)from, bytes);
	pagefault_enable();
	return error;
#endif
}

static inline long dt_copy_user(void *to, unsigned long from, unsigned long bytes)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 8, 0)
	return copy_from_user_nofault(to, (const void __user *)from, bytes) ? -EFAULT : 0;
#else
	long left;

	if (from >= TASK_SIZE_MAX || bytes > TASK_SIZE_MAX - from)
		return -EFAULT;
	pagefault_disable();
	left = dt_copy_words(to, (const u8 __user *)from, bytes);
	pagefault_enable();
	return left;
#endif
}

/*
 * A monotonic clock without a lock. ktime_get() spins on a sequence count that
 * the interrupted code may be writing, so before there was a fast variant the
 * time-stamp counter serves, from one reading of both at load.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(3, 17, 0)
#define DT_CLOCK_TSC 0
static inline u64 dt_clock_fast(void)
{
	return ktime_get_mono_fast_ns();
}
#else
#define DT_CLOCK_TSC 1
#endif

static inline u32 dt_uid(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(3, 5, 0)
	return __kuid_val(current_cred()->uid);
#else
	return current_cred()->uid;
#endif
}

static inline u32 dt_gid(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(3, 5, 0)
	return __kgid_val(current_cred()->gid);
#else
	return current_cred()->gid;
#endif
}

/*
 * Where a task has the 8 bytes that tell it from others of its number: when it
 * was started. That was seconds and nanoseconds once; the latter are in them, and
 * with 32-bit words both are.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(3, 17, 0)
#define DT_START_TIME offsetof(struct task_struct, start_time)
#else
#define DT_START_TIME (offsetof(struct task_struct, start_time) + sizeof(struct timespec) - 8)
#endif

/*
 * The kernel's own unwinder, where the module can call one that goes through
 * an interrupt frame by itself. Else 0, and the caller walks frame pointers.
 */
static inline u32 dt_unwind(unsigned long *to, u32 max)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 2, 0) && defined(CONFIG_STACKTRACE)
	return stack_trace_save(to, max, 1);
#else
	return 0;
#endif
}

/* Where a module has its text, that of its start-up apart, which goes after it. */
static inline void dt_module_text(const struct module *module, unsigned long *text,
				  unsigned long *bytes)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	*text = (unsigned long)module->mem[MOD_TEXT].base;
	*bytes = module->mem[MOD_TEXT].size;
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(4, 5, 0)
	*text = (unsigned long)module->core_layout.base;
	*bytes = module->core_layout.text_size;
#else
	*text = (unsigned long)module->module_core;
	*bytes = module->core_text_size;
#endif
}

/* Changes what a mapping is, before it is there. */
static inline void dt_vm_flags(struct vm_area_struct *vma, unsigned long set, unsigned long clear)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

/* A mode for a timer that stays on the CPU where it was started. */
#define DT_TIMER_MODE HRTIMER_MODE_REL_PINNED

static inline void dt_timer_setup(struct hrtimer *timer,
				  enum hrtimer_restart (*function)(struct hrtimer *))
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, function, CLOCK_MONOTONIC, DT_TIMER_MODE);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, DT_TIMER_MODE);
	timer->function = function;
#endif
}

/* The operations of a file of /proc that is made of one piece of text. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 6, 0)
#define DT_PROC_OPERATIONS(name, on_open)				\
	static const struct proc_ops name = {				\
		.proc_open = on_open,					\
		.proc_read = seq_read,					\
		.proc_lseek = seq_lseek,				\
		.proc_release = single_release,				\
	}
#else
#define DT_PROC_OPERATIONS(name, on_open)				\
	static const struct file_operations name = {			\
		.owner = THIS_MODULE,					\
		.open = on_open,					\
		.read = seq_read,					\
		.llseek = seq_lseek,					\
		.release = single_release,				\
	}
#endif

/* System call handlers take a pointer to the registers, not six arguments. */
#ifdef CONFIG_ARCH_HAS_SYSCALL_WRAPPER
#define DT_REGS_HANDLERS 1
#else
#define DT_REGS_HANDLERS 0
#endif

/* A task may be preempted in the kernel: it may then sleep in code of ours. */
#if defined(CONFIG_PREEMPT) || defined(CONFIG_PREEMPTION)
#define DT_PREEMPT 1
#else
#define DT_PREEMPT 0
#endif

#endif /* DT_COMPAT_H */
