/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * slots.S - code that is written at run time, and the way into and out of
 * system calls. See int3.c and systrace.c, which own it.
 */
#define SITES 98304
#define SLOT_BYTES 32
#define SYSCALL_SLOTS 512

#ifdef CONFIG_X86_64
#define PUSH pushq
#else
#define PUSH pushl
#endif

	.text

/*
 * One thunk for each number of each table, 16 bytes apart. Entered by the
 * kernel's `call *table(,%rax,8)` with the caller's return address on the stack,
 * and left by a jump to the original: nothing of ours is on the stack while the
 * call runs, and what stubs find there is where they expect it.
 */
	.balign 16
	.globl dt_thunks
dt_thunks:
	.set number, 0
	.rept 2 * SYSCALL_SLOTS
	.balign 16
	PUSH $number
	jmp dt_thunk_common
	.set number, number + 1
	.endr

	/* struct thunk_frame, systrace.c. The number's place takes the original. */
	.balign 16
dt_thunk_common:
#ifdef CONFIG_X86_64
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %r8
	pushq %r9
	pushq %rax
	movq %rsp, %rdi
	call dt_sys_entry
	popq %rax
	popq %r9
	popq %r8
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	ret
#else
	/* arguments are on the stack: there is no register to keep that C does not keep */
	pushl %esp
	call dt_sys_entry
	addl $4, %esp
	ret
#endif

	/*
	 * Where a call comes back to that we want to see return. Its caller's
	 * address is put back in the place that it was taken from.
	 */
	.balign 16
	.globl dt_after
dt_after:
#ifdef CONFIG_X86_64
	subq $8, %rsp
	pushq %rax
	pushq %rdx
	movq %rsp, %rdi
	call dt_sys_exit
	popq %rdx
	popq %rax
	ret
#else
	subl $4, %esp
	pushl %eax
	pushl %edx
	pushl %esp
	call dt_sys_exit
	addl $4, %esp
	popl %edx
	popl %eax
	ret
#endif

	/* Displaced instructions. Unused ones trap. */
	.balign 4096
	.globl dt_slots
dt_slots:
	.fill SITES * SLOT_BYTES, 1, 0xcc
	.balign 4096

	.section .note.GNU-stack, "", @progbits
