/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* typedata.S - the type information of types.c, as data: main.c hands it out. */
	.section .rodata, "a", @progbits
	.balign 8
	.globl dt_types, dt_types_end
dt_types:
	.incbin "types.btf"
dt_types_end:
	.section .note.GNU-stack, "", @progbits
