/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * env.h - what the freestanding part (load.c verify.c vm.c map.c service.c)
 * needs from the world it runs in.
 *
 * Two worlds implement it: the kernel module, and host/host.c for user space
 * (engine-agreement tests, fuzzing under sanitizers). Nothing in the
 * freestanding part calls libc or the kernel in any other way.
 *
 * Context: each function says whether it may be called from probe context
 * (INT3 trap or NMI, interrupts off, any lock held by the interrupted code:
 * no sleeping, no allocation, no lock, nothing that may itself be probed).
 */
#ifndef DT_ENV_H
#define DT_ENV_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/errno.h>
#else
#include <errno.h>
#include <stddef.h>
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;
#endif

/* One world. The freestanding part only hands the pointer on. */
struct dt_env;

/* Which address space an address is alleged to belong to. */
enum dt_space {
	DT_SPACE_KERNEL = 1,
	DT_SPACE_USER = 2,
	DT_SPACE_ANY = 3	/* legacy probe_read: whichever the address is in */
};

/* Zeroed memory, 8-byte aligned, or NULL. Process context only. */
void *env_alloc(struct dt_env *env, u64 bytes);
void env_free(struct dt_env *env, void *memory);
/* The same, of whole pages that user space may be shown. */
void *env_alloc_shared(struct dt_env *env, u64 bytes);
void env_free_shared(struct dt_env *env, void *memory, u64 bytes);

/* Plain memory routines; any context. */
void env_memcpy(void *to, const void *from, u64 bytes);
void env_memset(void *to, int byte, u64 bytes);
int env_memcmp(const void *a, const void *b, u64 bytes);

/*
 * env_read - copy @bytes from the unchecked address @from.
 * Returns 0, or -EFAULT where any byte can't be read (@to is then undefined).
 * env_read_str - copy up to and with the first NUL, at most @bytes (> 0); where
 * no NUL is among them the last byte written is NUL instead.
 * Returns the number of bytes written, NUL included, or -EFAULT.
 * Any context.
 */
s64 env_read(struct dt_env *env, void *to, u64 from, u64 bytes, enum dt_space space);
s64 env_read_str(struct dt_env *env, void *to, u64 from, u64 bytes, enum dt_space space);

/* The world's state. Any context. */
u32 env_cpu_count(struct dt_env *env);		/* constant for one image */
u32 env_cpu(struct dt_env *env);		/* < env_cpu_count() */
u64 env_ktime_ns(struct dt_env *env);		/* nanoseconds, monotonic, lock-free */
u64 env_ktime_boot_ns(struct dt_env *env);	/* the same, suspended time included */
u32 env_random(struct dt_env *env);
u64 env_pid_tgid(struct dt_env *env);		/* tgid << 32 | pid */
u64 env_uid_gid(struct dt_env *env);		/* gid << 32 | uid */
u64 env_task(struct dt_env *env);		/* address of current */
u64 env_task_regs(struct dt_env *env, u64 task);	/* address of its user pt_regs */
void env_comm(struct dt_env *env, char comm[16]);	/* NUL-padded */
/*
 * env_stack - addresses of the stack that the probe interrupted, innermost
 * first, at most @max, into @to. @user: the task's user stack.
 * Returns the count or a negative errno.
 */
s64 env_stack(struct dt_env *env, u64 *to, u32 max, int user);

/*
 * Atomics and ordering. The builtins exist since gcc 4.1 and are inlined; the
 * 8-byte one on i386 only where -march=i586 or later is given, so there by hand.
 * Any context.
 */
#define env_cmpxchg32(p, old, new)	__sync_val_compare_and_swap((u32 *)(p), (u32)(old), (u32)(new))
#ifdef __i386__
static inline u64 env_cmpxchg64(u64 *p, u64 old, u64 new)
{
	__asm__ __volatile__("lock; cmpxchg8b %1"
			     : "+A" (old), "+m" (*p)
			     : "b" ((u32)new), "c" ((u32)(new >> 32))
			     : "memory");
	return old;
}
#else
#define env_cmpxchg64(p, old, new)	__sync_val_compare_and_swap((u64 *)(p), (u64)(old), (u64)(new))
#endif
#define env_add32(p, n)			((void)__sync_fetch_and_add((u32 *)(p), (u32)(n)))
#define env_fetch_add32(p, n)		__sync_fetch_and_add((u32 *)(p), (u32)(n))
#define env_read_once(x)		(*(const volatile __typeof__(x) *)&(x))
#define env_write_once(x, v)		(*(volatile __typeof__(x) *)&(x) = (v))
/* Loads stay in order among loads, stores among stores: x86 does that itself. */
#if defined(__i386__) || defined(__x86_64__)
#define env_order()	__asm__ __volatile__("" : : : "memory")
#define env_relax()	__asm__ __volatile__("rep; nop" : : : "memory")
#else
#define env_order()	__sync_synchronize()
#define env_relax()	__sync_synchronize()
#endif

/* An address as a program sees it. Through unsigned long: i386 has 32 bits. */
#define env_addr(p)	((u64)(unsigned long)(p))
#define env_ptr(a)	((void *)(unsigned long)(a))

#endif /* DT_ENV_H */
