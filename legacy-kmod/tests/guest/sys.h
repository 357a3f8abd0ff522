/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * sys.h - system calls without a C library, for x86-64 and for i386.
 *
 * What a load does must be known call by call: a C library would choose others
 * (clone for fork, openat for open), and none is there for 32 bits on most
 * machines. Both halves are the kernel's ABI: numbers, registers, structures.
 */
#ifndef SYS_H
#define SYS_H

typedef unsigned long ulong;
typedef unsigned char u8;

#define inline_always static inline __attribute__((always_inline))

#ifdef __x86_64__

enum {
	NR_read = 0, NR_write = 1, NR_open = 2, NR_close = 3, NR_poll = 7, NR_mmap = 9,
	NR_mprotect = 10, NR_munmap = 11, NR_rt_sigaction = 13, NR_rt_sigreturn = 15,
	NR_pipe = 22, NR_sched_yield = 24, NR_nanosleep = 35, NR_setitimer = 38,
	NR_getpid = 39, NR_clone = 56, NR_fork = 57, NR_vfork = 58, NR_execve = 59,
	NR_exit = 60, NR_wait4 = 61, NR_kill = 62, NR_getppid = 110, NR_sigaltstack = 131,
	NR_iopl = 172, NR_gettid = 186, NR_futex = 202, NR_exit_group = 231,
	NR_tgkill = 234,
};

inline_always long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long r;

	__asm__ __volatile__("syscall"
			     : "=a" (r)
			     : "0" (nr), "D" (a), "S" (b), "d" (c), "r" (r10), "r" (r8), "r" (r9)
			     : "rcx", "r11", "memory");
	return r;
}

/* What runs first: the stack pointer, which points at argc, is main's argument. */
__asm__(".globl _start\n_start: xor %ebp,%ebp\nmov %rsp,%rdi\nand $-16,%rsp\ncall begin\n");

/* Where a signal handler returns to. */
__asm__(".globl restore\nrestore: mov $15,%eax\nsyscall\nhlt\n");

/*
 * long start_thread(flags, stack, ptid, ctid, function): function runs on the
 * new stack and does not return.
 */
__asm__(".globl start_thread\nstart_thread:\n"
	"mov %rcx,%r10\nmov %r8,%r9\nxor %r8d,%r8d\nmov $56,%eax\nsyscall\n"
	"test %rax,%rax\njz 1f\nret\n1: xor %ebp,%ebp\ncall *%r9\nhlt\n");

/*
 * long keep_registers(nr, a, b): the call, with patterns in all registers that a
 * call preserves. Its result, or 1,000,000 and more where one came back changed.
 */
__asm__(".globl keep_registers\nkeep_registers:\n"
	"push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"mov %rdi,%rax\nmov %rsi,%rdi\nmov %rdx,%rsi\n"
	"mov $0x1111,%ebx\nmov $0x2222,%ebp\nmov $0x3333,%r12d\nmov $0x4444,%r13d\n"
	"mov $0x5555,%r14d\nmov $0x6666,%r15d\nmov $0x7777,%r8d\nmov $0x8888,%r9d\n"
	"mov $0x9999,%r10d\nmov $0xaaaa,%edx\npush %rdi\npush %rsi\n"
	"syscall\n"
	"cmp $0x1111,%rbx\njne 2f\ncmp $0x2222,%rbp\njne 2f\ncmp $0x3333,%r12\njne 2f\n"
	"cmp $0x4444,%r13\njne 2f\ncmp $0x5555,%r14\njne 2f\ncmp $0x6666,%r15\njne 2f\n"
	"cmp $0x7777,%r8\njne 2f\ncmp $0x8888,%r9\njne 2f\ncmp $0x9999,%r10\njne 2f\n"
	"cmp $0xaaaa,%rdx\njne 2f\ncmp (%rsp),%rsi\njne 2f\ncmp 8(%rsp),%rdi\njne 2f\n"
	"jmp 3f\n2: mov $1000000,%eax\n3: add $16,%rsp\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n");

#else

enum {
	NR_exit = 1, NR_fork = 2, NR_read = 3, NR_write = 4, NR_open = 5, NR_close = 6,
	NR_execve = 11, NR_getpid = 20, NR_kill = 37, NR_pipe = 42, NR_getppid = 64,
	NR_munmap = 91, NR_setitimer = 104, NR_iopl = 110, NR_wait4 = 114, NR_clone = 120,
	NR_mprotect = 125, NR_sched_yield = 158, NR_nanosleep = 162, NR_poll = 168,
	NR_rt_sigaction = 174, NR_rt_sigreturn = 173, NR_sigaltstack = 186, NR_vfork = 190,
	NR_mmap = 192, NR_gettid = 224, NR_futex = 240, NR_exit_group = 252, NR_tgkill = 270,
};

/* The sixth argument is ebp's, which the compiler may be using: no call of ours has one that is not 0. */
inline_always long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	long r;

	(void)f;
	__asm__ __volatile__("push %%ebp\nxor %%ebp,%%ebp\nint $0x80\npop %%ebp"
			     : "=a" (r)
			     : "0" (nr), "b" (a), "c" (b), "d" (c), "S" (d), "D" (e)
			     : "memory");
	return r;
}

__asm__(".globl _start\n_start: xor %ebp,%ebp\nmov %esp,%eax\nand $-16,%esp\nsub $12,%esp\n"
	"push %eax\ncall begin\n");

__asm__(".globl restore\nrestore: mov $173,%eax\nint $0x80\nhlt\n");

/* As above, on the stack: flags, stack, ptid, ctid, function. */
__asm__(".globl start_thread\nstart_thread:\n"
	"push %ebx\npush %esi\npush %edi\n"
	"mov 16(%esp),%ebx\nmov 20(%esp),%ecx\nmov 24(%esp),%edx\nmov 28(%esp),%edi\n"
	"xor %esi,%esi\nmov $120,%eax\npush 32(%esp)\nxchg (%esp),%ebp\n"
	"int $0x80\n"
	"test %eax,%eax\njz 1f\npop %ebp\npop %edi\npop %esi\npop %ebx\nret\n"
	"1: mov %ebp,%eax\nxor %ebp,%ebp\ncall *%eax\nhlt\n");

__asm__(".globl keep_registers\nkeep_registers:\n"
	"push %ebx\npush %ebp\npush %esi\npush %edi\n"
	"mov 20(%esp),%eax\nmov 24(%esp),%ebx\nmov 28(%esp),%ecx\n"
	"mov $0x2222,%ebp\nmov $0x3333,%esi\nmov $0x4444,%edi\nmov $0x5555,%edx\n"
	"int $0x80\n"
	"cmp $0x2222,%ebp\njne 2f\ncmp $0x3333,%esi\njne 2f\ncmp $0x4444,%edi\njne 2f\n"
	"cmp $0x5555,%edx\njne 2f\ncmp 24(%esp),%ebx\njne 2f\ncmp 28(%esp),%ecx\njne 2f\n"
	"jmp 3f\n2: mov $1000000,%eax\n3: pop %edi\npop %esi\npop %ebp\npop %ebx\nret\n");

#endif

long start_thread(ulong flags, void *stack, int *ptid, int *ctid, void (*function)(void));
long keep_registers(long nr, long a, long b);
void restore(void);

#define SYS(nr, a, b, c, d) \
	sys6(NR_##nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

/* Structures of the kernel's, the same words on both. */
struct action {
	void (*handler)(int, void *, void *);
	ulong flags;
	void (*restorer)(void);
	unsigned mask[2];
};
#define SA_SIGINFO	4ul
#define SA_RESTORER	0x04000000ul
#define SA_ONSTACK	0x08000000ul
#define SA_RESTART	0x10000000ul

struct alt_stack {
	void *base;
	int flags;
	ulong bytes;
};

struct span {
	long sec;
	long part; /* µs or ns */
};

enum { SIGUSR1 = 10, SIGSEGV = 11, SIGALRM = 14, SIGCHLD = 17 };
enum { EINTR = 4, ENOSYS = 38, ETIMEDOUT = 110 };

#endif /* SYS_H */
