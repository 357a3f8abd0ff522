/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * isa.h - the eBPF instruction set, each opcode once.
 *
 * The verifier's table (verify.c) and the interpreter's case labels (vm.c)
 * both come from DT_OPS: an opcode that one of them lacks doesn't compile or
 * isn't accepted. Encoding as in the kernel's Documentation/bpf/
 * standardization/instruction-set.rst, ISA v4 included.
 */
#ifndef DT_ISA_H
#define DT_ISA_H

/*
 * The fields that a shape uses; every other field must be 0. F_W: dst is
 * written, so it can't be r10. For LD64 and CALL src is a kind, not a register.
 */
#define DT_F_D	1
#define DT_F_S	2
#define DT_F_O	4
#define DT_F_I	8
#define DT_F_W	16

/* X(shape, fields) and what it does; further conditions are in verify.c */
#define DT_SHAPES(X)							\
	X(NONE,    0)		/* not an opcode */			\
	X(ALU_K,   DT_F_D | DT_F_I | DT_F_W)	/* dst = dst op imm */	\
	X(ALU_X,   DT_F_D | DT_F_S | DT_F_W)	/* dst = dst op src */	\
	X(SH_K32,  DT_F_D | DT_F_I | DT_F_W)	/* imm < 32 */		\
	X(SH_K64,  DT_F_D | DT_F_I | DT_F_W)	/* imm < 64 */		\
	X(DIV_K,   DT_F_D | DT_F_I | DT_F_O | DT_F_W)	/* imm != 0; off 1: signed */ \
	X(DIV_X,   DT_F_D | DT_F_S | DT_F_O | DT_F_W)	/* off 1: signed */ \
	X(MOV32_X, DT_F_D | DT_F_S | DT_F_O | DT_F_W)	/* off 8, 16: sign-extends */ \
	X(MOV64_X, DT_F_D | DT_F_S | DT_F_O | DT_F_W)	/* off 8, 16, 32 */ \
	X(NEG,     DT_F_D | DT_F_W)		/* dst = -dst */	\
	X(END,     DT_F_D | DT_F_I | DT_F_W)	/* imm = 16, 32, 64 */	\
	X(JA,      DT_F_O)			/* pc += off */		\
	X(JA32,    DT_F_I)			/* pc += imm */		\
	X(JMP_K,   DT_F_D | DT_F_I | DT_F_O)	/* if dst op imm pc += off */ \
	X(JMP_X,   DT_F_D | DT_F_S | DT_F_O)	/* if dst op src pc += off */ \
	X(CALL,    DT_F_S | DT_F_I)		/* service or function */ \
	X(EXIT,    0)							\
	X(LDX,     DT_F_D | DT_F_S | DT_F_O | DT_F_W)	/* dst = *(src + off) */ \
	X(ST,      DT_F_D | DT_F_O | DT_F_I)	/* *(dst + off) = imm */ \
	X(STX,     DT_F_D | DT_F_S | DT_F_O)	/* *(dst + off) = src */ \
	X(ATOMIC,  DT_F_D | DT_F_S | DT_F_O | DT_F_I) /* *(dst + off) op= src */ \
	X(LD64,    DT_F_D | DT_F_S | DT_F_I | DT_F_W) /* dst = two imms */

enum dt_shape {
#define X(name, fields) DT_SHAPE_##name,
	DT_SHAPES(X)
#undef X
	DT_SHAPE_COUNT
};

/* X(opcode, name, shape) */
#define DT_OPS(X)							\
	X(0x04, ADD32_K,  ALU_K)   X(0x0c, ADD32_X,  ALU_X)		\
	X(0x07, ADD64_K,  ALU_K)   X(0x0f, ADD64_X,  ALU_X)		\
	X(0x14, SUB32_K,  ALU_K)   X(0x1c, SUB32_X,  ALU_X)		\
	X(0x17, SUB64_K,  ALU_K)   X(0x1f, SUB64_X,  ALU_X)		\
	X(0x24, MUL32_K,  ALU_K)   X(0x2c, MUL32_X,  ALU_X)		\
	X(0x27, MUL64_K,  ALU_K)   X(0x2f, MUL64_X,  ALU_X)		\
	X(0x34, DIV32_K,  DIV_K)   X(0x3c, DIV32_X,  DIV_X)		\
	X(0x37, DIV64_K,  DIV_K)   X(0x3f, DIV64_X,  DIV_X)		\
	X(0x44, OR32_K,   ALU_K)   X(0x4c, OR32_X,   ALU_X)		\
	X(0x47, OR64_K,   ALU_K)   X(0x4f, OR64_X,   ALU_X)		\
	X(0x54, AND32_K,  ALU_K)   X(0x5c, AND32_X,  ALU_X)		\
	X(0x57, AND64_K,  ALU_K)   X(0x5f, AND64_X,  ALU_X)		\
	X(0x64, LSH32_K,  SH_K32)  X(0x6c, LSH32_X,  ALU_X)		\
	X(0x67, LSH64_K,  SH_K64)  X(0x6f, LSH64_X,  ALU_X)		\
	X(0x74, RSH32_K,  SH_K32)  X(0x7c, RSH32_X,  ALU_X)		\
	X(0x77, RSH64_K,  SH_K64)  X(0x7f, RSH64_X,  ALU_X)		\
	X(0x84, NEG32,    NEG)     X(0x87, NEG64,    NEG)		\
	X(0x94, MOD32_K,  DIV_K)   X(0x9c, MOD32_X,  DIV_X)		\
	X(0x97, MOD64_K,  DIV_K)   X(0x9f, MOD64_X,  DIV_X)		\
	X(0xa4, XOR32_K,  ALU_K)   X(0xac, XOR32_X,  ALU_X)		\
	X(0xa7, XOR64_K,  ALU_K)   X(0xaf, XOR64_X,  ALU_X)		\
	X(0xb4, MOV32_K,  ALU_K)   X(0xbc, MOV32_X,  MOV32_X)		\
	X(0xb7, MOV64_K,  ALU_K)   X(0xbf, MOV64_X,  MOV64_X)		\
	X(0xc4, ARSH32_K, SH_K32)  X(0xcc, ARSH32_X, ALU_X)		\
	X(0xc7, ARSH64_K, SH_K64)  X(0xcf, ARSH64_X, ALU_X)		\
	X(0xd4, LE,       END)     X(0xdc, BE,       END)		\
	X(0xd7, BSWAP,    END)						\
	X(0x05, JA,       JA)      X(0x06, JA32,     JA32)		\
	X(0x15, JEQ64_K,  JMP_K)   X(0x1d, JEQ64_X,  JMP_X)		\
	X(0x16, JEQ32_K,  JMP_K)   X(0x1e, JEQ32_X,  JMP_X)		\
	X(0x25, JGT64_K,  JMP_K)   X(0x2d, JGT64_X,  JMP_X)		\
	X(0x26, JGT32_K,  JMP_K)   X(0x2e, JGT32_X,  JMP_X)		\
	X(0x35, JGE64_K,  JMP_K)   X(0x3d, JGE64_X,  JMP_X)		\
	X(0x36, JGE32_K,  JMP_K)   X(0x3e, JGE32_X,  JMP_X)		\
	X(0x45, JSET64_K, JMP_K)   X(0x4d, JSET64_X, JMP_X)		\
	X(0x46, JSET32_K, JMP_K)   X(0x4e, JSET32_X, JMP_X)		\
	X(0x55, JNE64_K,  JMP_K)   X(0x5d, JNE64_X,  JMP_X)		\
	X(0x56, JNE32_K,  JMP_K)   X(0x5e, JNE32_X,  JMP_X)		\
	X(0x65, JSGT64_K, JMP_K)   X(0x6d, JSGT64_X, JMP_X)		\
	X(0x66, JSGT32_K, JMP_K)   X(0x6e, JSGT32_X, JMP_X)		\
	X(0x75, JSGE64_K, JMP_K)   X(0x7d, JSGE64_X, JMP_X)		\
	X(0x76, JSGE32_K, JMP_K)   X(0x7e, JSGE32_X, JMP_X)		\
	X(0xa5, JLT64_K,  JMP_K)   X(0xad, JLT64_X,  JMP_X)		\
	X(0xa6, JLT32_K,  JMP_K)   X(0xae, JLT32_X,  JMP_X)		\
	X(0xb5, JLE64_K,  JMP_K)   X(0xbd, JLE64_X,  JMP_X)		\
	X(0xb6, JLE32_K,  JMP_K)   X(0xbe, JLE32_X,  JMP_X)		\
	X(0xc5, JSLT64_K, JMP_K)   X(0xcd, JSLT64_X, JMP_X)		\
	X(0xc6, JSLT32_K, JMP_K)   X(0xce, JSLT32_X, JMP_X)		\
	X(0xd5, JSLE64_K, JMP_K)   X(0xdd, JSLE64_X, JMP_X)		\
	X(0xd6, JSLE32_K, JMP_K)   X(0xde, JSLE32_X, JMP_X)		\
	X(0x85, CALL,     CALL)    X(0x95, EXIT,     EXIT)		\
	X(0x71, LDX_B,    LDX)     X(0x69, LDX_H,    LDX)		\
	X(0x61, LDX_W,    LDX)     X(0x79, LDX_DW,   LDX)		\
	X(0x91, LDXS_B,   LDX)     X(0x89, LDXS_H,   LDX)		\
	X(0x81, LDXS_W,   LDX)						\
	X(0x72, ST_B,     ST)      X(0x6a, ST_H,     ST)		\
	X(0x62, ST_W,     ST)      X(0x7a, ST_DW,    ST)		\
	X(0x73, STX_B,    STX)     X(0x6b, STX_H,    STX)		\
	X(0x63, STX_W,    STX)     X(0x7b, STX_DW,   STX)		\
	X(0xc3, ATOMIC_W, ATOMIC)  X(0xdb, ATOMIC_DW, ATOMIC)		\
	X(0x18, LD64,     LD64)

enum dt_op {
#define X(opcode, name, shape) DT_OP_##name = opcode,
	DT_OPS(X)
#undef X
	DT_OP_LIMIT = 0x100
};

/* imm of an ATOMIC: X(name, value). FETCH (1) puts the old value into src. */
#define DT_ATOMICS(X)							\
	X(ADD, 0x00) X(ADD_FETCH, 0x01) X(OR, 0x40) X(OR_FETCH, 0x41)	\
	X(AND, 0x50) X(AND_FETCH, 0x51) X(XOR, 0xa0) X(XOR_FETCH, 0xa1)	\
	X(XCHG, 0xe1) X(CMPXCHG, 0xf1)

enum dt_atomic {
#define X(name, value) DT_ATOMIC_##name = value,
	DT_ATOMICS(X)
#undef X
	DT_ATOMIC_LIMIT
};
#define DT_ATOMIC_F_FETCH	1

/* src of an LD64, and of a CALL. */
#define DT_LD64_PLAIN		0
#define DT_LD64_MAP		1	/* imm = map index */
#define DT_LD64_VALUE		2	/* imm = map index, next imm = offset */
#define DT_LD64_FUNCTION	4	/* imm = relative to the next instruction */
#define DT_CALL_SERVICE		0
#define DT_CALL_FUNCTION	1	/* imm = relative to the next instruction */

/* One instruction word, as it is in the image. */
struct dt_insn {
	u8 opcode;
	u8 regs;		/* src << 4 | dst */
	s16 off;
	s32 imm;
};
#define DT_DST(i)	((i)->regs & 0x0f)
#define DT_SRC(i)	((i)->regs >> 4)
#define DT_REG_COUNT	11
#define DT_FP		10

#endif /* DT_ISA_H */
