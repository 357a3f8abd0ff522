/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * vm.c - the interpreter.
 *
 * Takes for granted what verify.c has checked, and nothing about values: each
 * load and store is looked up in the objects that belong to this firing (its
 * stack frames, its context, the values of its image's maps), and a firing that
 * reaches for anything else ends with a code. Arithmetic is BPF's: x / 0 = 0,
 * x % 0 = x, shifts are taken modulo the width, 32-bit results are zero-extended.
 *
 * Caller's context: see dt_run_prog() in dt.h. The C stack used is small and
 * constant (calls, and bpf_loop, push frames of dt_run, not of C): the kernel's
 * own is 4 or 8 KB on the machines this is for, and the interrupted code has
 * used some of it.
 */
#include "dt.h"

/* Memory of any alignment. may_alias: it is the program's, of no C type. */
struct mem16 { u16 v; } __attribute__((packed, may_alias));
struct mem32 { u32 v; } __attribute__((packed, may_alias));
struct mem64 { u64 v; } __attribute__((packed, may_alias));

/* ---- 64-bit division: the kernel has no libgcc ------------------------ */

static u64 udiv64(u64 a, u64 b, u64 *rest)
{
#ifdef __LP64__
	*rest = a % b;
	return a / b;
#else
	u64 quotient = 0, r = 0;
	int i;

	for (i = 63; i >= 0; i--) {
		int carry = (r >> 63) & 1;

		r = r << 1 | (a >> i & 1);
		if (carry || r >= b) {
			r -= b;
			quotient |= 1ull << i;
		}
	}
	*rest = r;
	return quotient;
#endif
}

static u64 magnitude(u64 v)
{
	return (v >> 63) ? 0 - v : v;
}

/* Truncating, as C's; the one overflow (least / -1) wraps. */
static u64 div64(u64 a, u64 b, int is_signed)
{
	u64 rest, q;

	if (!b)
		return 0;
	if (!is_signed)
		return udiv64(a, b, &rest);
	q = udiv64(magnitude(a), magnitude(b), &rest);
	return ((a ^ b) >> 63) ? 0 - q : q;
}

static u64 mod64(u64 a, u64 b, int is_signed)
{
	u64 rest;

	if (!b)
		return a;
	if (!is_signed) {
		udiv64(a, b, &rest);
		return rest;
	}
	udiv64(magnitude(a), magnitude(b), &rest);
	return (a >> 63) ? 0 - rest : rest;
}

static u64 sext32(u64 v)
{
	return (u64)(s64)(s32)(u32)v;
}

static u32 div32(u32 a, u32 b, int is_signed)
{
	if (!b)
		return 0;
	return is_signed ? (u32)div64(sext32(a), sext32(b), 1) : a / b;
}

static u32 mod32(u32 a, u32 b, int is_signed)
{
	if (!b)
		return a;
	return is_signed ? (u32)mod64(sext32(a), sext32(b), 1) : a % b;
}

static u64 sign_extend(u64 v, s16 bits)
{
	switch (bits) {
	case 8: return (u64)(s64)(s8)(u8)v;
	case 16: return (u64)(s64)(s16)(u16)v;
	case 32: return sext32(v);
	default: return v;
	}
}

static u64 swap16(u64 v)
{
	return (v & 0xff) << 8 | (v >> 8 & 0xff);
}

static u64 swap32(u64 v)
{
	return swap16(v) << 16 | swap16(v >> 16);
}

/* x86 is little-endian: LE only truncates, BE and BSWAP swap. */
static u64 byte_swap(u64 v, s32 bits, int swap)
{
	switch (bits) {
	case 16: return swap ? swap16(v) : (u16)v;
	case 32: return swap ? swap32(v) : (u32)v;
	default: return swap ? swap32(v) << 32 | swap32(v >> 32) : v;
	}
}

/* ---- memory ------------------------------------------------------------ */

u64 dt_span(const struct dt_run *run, u64 address, u32 *writable)
{
	const struct dt_region *regions, *r;
	u64 live = (u64)(run->depth + 1) * DT_FRAME_BYTES;
	u64 top = env_addr(run->stack) + DT_STACK_BYTES, at;
	u32 low, high, mid;

	*writable = 1;
	at = address - (top - live);
	if (at < live)
		return live - at;
	at = address - run->context;
	if (at < run->context_bytes)
		return run->context_bytes - at;
	regions = run->vm->regions;
	low = 0;
	high = run->vm->region_count;
	while (low < high) {
		mid = (low + high) / 2;
		if (regions[mid].end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == run->vm->region_count)
		return 0;
	r = &regions[low];
	if (address < r->start)
		return 0;
	*writable = r->writable;
	at = address - r->start;
	/* a map has at most DT_MAX_MAP_BYTES: 32 bits do, and divide cheaply */
	if (at >= r->stride)
		at = (u32)at % r->stride;
	return at < r->value_bytes ? r->value_bytes - at : 0;
}

/* @bytes at @address, or NULL and the run's code set. */
static inline u8 *memory(struct dt_run *run, u64 address, u32 bytes, int store)
{
	u32 writable;

	if (dt_span(run, address, &writable) < bytes) {
		run->code = store ? DT_CODE_STORE : DT_CODE_LOAD;
	} else if (store && !writable) {
		run->code = DT_CODE_RDONLY;
	} else {
		return env_ptr(address);
	}
	run->fault_address = address;
	return NULL;
}

/* What an atomic operation leaves in memory. */
static u64 atomic_result(s32 op, u64 old, u64 operand, u64 expected)
{
	switch (op & ~DT_ATOMIC_F_FETCH) {
	case DT_ATOMIC_ADD: return old + operand;
	case DT_ATOMIC_OR: return old | operand;
	case DT_ATOMIC_AND: return old & operand;
	case DT_ATOMIC_XOR: return old ^ operand;
	case DT_ATOMIC_CMPXCHG & ~DT_ATOMIC_F_FETCH: return old == expected ? operand : old;
	default: return operand; /* XCHG */
	}
}

/* Other CPUs may do the same at the same word. A loop that must go round means
 * that another has got on; interrupts of this CPU can't keep it out. */
static u64 atomic32(u32 *p, s32 op, u32 operand, u32 expected)
{
	u32 old, new;

	do {
		old = env_read_once(*p);
		new = (u32)atomic_result(op, old, operand, expected);
	} while (env_cmpxchg32(p, old, new) != old);
	return old;
}

static u64 atomic64(u64 *p, s32 op, u64 operand, u64 expected)
{
	u64 old, new;

	do {
		old = env_read_once(*p);
		new = atomic_result(op, old, operand, expected);
	} while (env_cmpxchg64(p, old, new) != old);
	return old;
}

static void run_atomic(struct dt_run *run, const struct dt_insn *insn, u32 bytes)
{
	u64 *regs = run->regs, old;
	u64 address = regs[DT_DST(insn)] + (s64)insn->off;
	u8 *p = memory(run, address, bytes, 1);

	if (!p)
		return;
	if (address & (bytes - 1)) {
		run->code = DT_CODE_ALIGN;
		run->fault_address = address;
		return;
	}
	if (bytes == 4)
		old = atomic32((void *)p, insn->imm, (u32)regs[DT_SRC(insn)], (u32)regs[0]);
	else
		old = atomic64((void *)p, insn->imm, regs[DT_SRC(insn)], regs[0]);
	if (insn->imm == DT_ATOMIC_CMPXCHG)
		regs[0] = old;
	else if (insn->imm & DT_ATOMIC_F_FETCH)
		regs[DT_SRC(insn)] = old;
}

/* ---- frames ------------------------------------------------------------ */

static u64 frame_pointer(const struct dt_run *run)
{
	return env_addr(run->stack) + DT_STACK_BYTES - (u64)run->depth * DT_FRAME_BYTES;
}

/* Enter a function. NULL, with the code set: too deep. */
static struct dt_frame *push_frame(struct dt_run *run, u32 return_pc)
{
	struct dt_frame *frame;

	if (run->depth + 1 >= DT_MAX_FRAMES) {
		run->code = DT_CODE_DEPTH;
		return NULL;
	}
	frame = &run->frames[++run->depth];
	frame->return_pc = return_pc;
	frame->loop_pc = DT_NO_LOOP;
	env_memcpy(frame->saved, &run->regs[6], sizeof(frame->saved));
	run->regs[DT_FP] = frame_pointer(run);
	env_memset(env_ptr(run->regs[DT_FP] - DT_FRAME_BYTES), 0, DT_FRAME_BYTES);
	return frame;
}

/* Leave a function. Returns where to go on: the caller, or the loop's next round. */
static u32 pop_frame(struct dt_run *run)
{
	struct dt_frame *frame = &run->frames[run->depth];

	env_memcpy(&run->regs[6], frame->saved, sizeof(frame->saved));
	if (frame->loop_pc != DT_NO_LOOP) {
		frame->loop_done++;
		if (run->regs[0] == 0 && frame->loop_done < frame->loop_count) {
			run->regs[1] = frame->loop_done;
			run->regs[2] = frame->loop_context;
			return frame->loop_pc;
		}
		run->regs[0] = frame->loop_done;
	}
	run->depth--;
	run->regs[DT_FP] = frame_pointer(run);
	return frame->return_pc;
}

/* bpf_loop(count, callback, context, flags). Returns where to go on. */
static u32 start_loop(struct dt_run *run, u32 next_pc)
{
	u32 count = (u32)run->regs[1], callback = dt_function(run, run->regs[2]);
	struct dt_frame *frame;

	if (callback == DT_NO_LOOP) {
		run->code = DT_CODE_ARG_FUNCTION;
		return next_pc;
	}
	if (run->regs[4] || count > DT_MAX_LOOPS || !count) {
		run->regs[0] = run->regs[4] ? (u64)-EINVAL : count ? (u64)-E2BIG : 0;
		return next_pc;
	}
	frame = push_frame(run, next_pc);
	if (!frame)
		return next_pc;
	frame->loop_pc = callback;
	frame->loop_done = 0;
	frame->loop_count = count;
	frame->loop_context = run->regs[3];
	run->regs[1] = 0;
	run->regs[2] = frame->loop_context;
	return callback;
}

/* ---- the loop ---------------------------------------------------------- */

#define D	regs[DT_DST(insn)]
#define S	regs[DT_SRC(insn)]
#define K	((u64)(s64)insn->imm)

#define ALU(name, op)							\
	case DT_OP_##name##64_K: D = D op K; break;			\
	case DT_OP_##name##64_X: D = D op S; break;			\
	case DT_OP_##name##32_K: D = (u32)((u32)D op (u32)K); break;	\
	case DT_OP_##name##32_X: D = (u32)((u32)D op (u32)S); break;

#define SHIFT(name, op, cast64, cast32)					\
	case DT_OP_##name##64_K: D = (u64)((cast64)D op (K & 63)); break; \
	case DT_OP_##name##64_X: D = (u64)((cast64)D op (S & 63)); break; \
	case DT_OP_##name##32_K: D = (u32)((cast32)D op (K & 31)); break; \
	case DT_OP_##name##32_X: D = (u32)((cast32)D op (S & 31)); break;

#define DIVIDE(name, fn)						\
	case DT_OP_##name##64_K: D = fn##64(D, K, insn->off); break;	\
	case DT_OP_##name##64_X: D = fn##64(D, S, insn->off); break;	\
	case DT_OP_##name##32_K: D = fn##32((u32)D, (u32)K, insn->off); break; \
	case DT_OP_##name##32_X: D = fn##32((u32)D, (u32)S, insn->off); break;

#define JUMP(name, op, cast64, cast32)					\
	case DT_OP_##name##64_K: if ((cast64)D op (cast64)K) next += insn->off; break; \
	case DT_OP_##name##64_X: if ((cast64)D op (cast64)S) next += insn->off; break; \
	case DT_OP_##name##32_K: if ((cast32)D op (cast32)K) next += insn->off; break; \
	case DT_OP_##name##32_X: if ((cast32)D op (cast32)S) next += insn->off; break;

#define LOAD(name, bytes, expression)					\
	case DT_OP_##name:						\
		p = memory(run, S + (s64)insn->off, bytes, 0);		\
		if (!p)							\
			goto out;					\
		D = (expression);					\
		break;

#define STORE(size, bytes, lvalue, type)				\
	case DT_OP_ST_##size:						\
		p = memory(run, D + (s64)insn->off, bytes, 1);		\
		if (!p)							\
			goto out;					\
		lvalue = (type)K;					\
		break;							\
	case DT_OP_STX_##size:						\
		p = memory(run, D + (s64)insn->off, bytes, 1);		\
		if (!p)							\
			goto out;					\
		lvalue = (type)S;					\
		break;

#define MEM8	(*p)
#define MEM16	(((struct mem16 *)(void *)p)->v)
#define MEM32	(((struct mem32 *)(void *)p)->v)
#define MEM64	(((struct mem64 *)(void *)p)->v)

static void interpret(struct dt_run *run, struct dt_outcome *outcome)
{
	u64 *regs = run->regs;
	const struct dt_insn *const insns = run->insns, *insn = insns;
	const struct dt_insn *next = insns;
	u32 left = run->vm->steps;
	u8 *p;

	/* only what may set the run's code looks at it, and leaves by `out` */
	for (;;) {
		if (!left) {
			run->code = DT_CODE_STEPS;
			goto out;
		}
		left--;
		insn = next++;
		switch (insn->opcode) {
		ALU(ADD, +)
		ALU(SUB, -)
		ALU(MUL, *)
		ALU(OR, |)
		ALU(AND, &)
		ALU(XOR, ^)
		SHIFT(LSH, <<, u64, u32)
		SHIFT(RSH, >>, u64, u32)
		SHIFT(ARSH, >>, s64, s32)
		DIVIDE(DIV, div)
		DIVIDE(MOD, mod)
		case DT_OP_NEG64: D = 0 - D; break;
		case DT_OP_NEG32: D = (u32)(0 - (u32)D); break;
		case DT_OP_MOV64_K: D = K; break;
		case DT_OP_MOV32_K: D = (u32)K; break;
		case DT_OP_MOV64_X: D = insn->off ? sign_extend(S, insn->off) : S; break;
		case DT_OP_MOV32_X: D = (u32)sign_extend((u32)S, insn->off); break;
		case DT_OP_LE: D = byte_swap(D, insn->imm, 0); break;
		case DT_OP_BE:
		case DT_OP_BSWAP: D = byte_swap(D, insn->imm, 1); break;

		case DT_OP_JA: next += insn->off; break;
		case DT_OP_JA32: next += insn->imm; break;
		JUMP(JEQ, ==, u64, u32)
		JUMP(JNE, !=, u64, u32)
		JUMP(JGT, >, u64, u32)
		JUMP(JGE, >=, u64, u32)
		JUMP(JLT, <, u64, u32)
		JUMP(JLE, <=, u64, u32)
		JUMP(JSET, &, u64, u32)
		JUMP(JSGT, >, s64, s32)
		JUMP(JSGE, >=, s64, s32)
		JUMP(JSLT, <, s64, s32)
		JUMP(JSLE, <=, s64, s32)

		LOAD(LDX_B, 1, MEM8)
		LOAD(LDX_H, 2, MEM16)
		LOAD(LDX_W, 4, MEM32)
		LOAD(LDX_DW, 8, MEM64)
		LOAD(LDXS_B, 1, sign_extend(MEM8, 8))
		LOAD(LDXS_H, 2, sign_extend(MEM16, 16))
		LOAD(LDXS_W, 4, sext32(MEM32))
		STORE(B, 1, MEM8, u8)
		STORE(H, 2, MEM16, u16)
		STORE(W, 4, MEM32, u32)
		STORE(DW, 8, MEM64, u64)
		case DT_OP_ATOMIC_W:
		case DT_OP_ATOMIC_DW:
			run_atomic(run, insn, insn->opcode == DT_OP_ATOMIC_W ? 4 : 8);
			if (run->code)
				goto out;
			break;
		case DT_OP_LD64:
			D = (u32)insn->imm | (u64)(u32)insn[1].imm << 32;
			next++;
			break;

		case DT_OP_CALL:
			if (DT_SRC(insn) == DT_CALL_FUNCTION) {
				if (push_frame(run, (u32)(next - insns)))
					next += insn->imm;
			} else if (insn->imm == DT_SERVICE_LOOP) {
				next = insns + start_loop(run, (u32)(next - insns));
			} else {
				run->code = dt_call_service(run, dt_service((u32)insn->imm));
			}
			if (run->code)
				goto out;
			break;
		case DT_OP_EXIT:
			if (!run->depth)
				goto out;
			next = insns + pop_frame(run);
			break;
		default:
			run->code = DT_CODE_BROKEN;
			goto out;
		}
	}
out:
	outcome->insn = (u32)(insn - insns);
	outcome->steps = run->vm->steps - left;
}

void dt_run_prog(struct dt_vm *vm, u32 prog, const struct dt_firing *firing,
		 struct dt_outcome *outcome)
{
	u32 cpu = env_cpu(vm->env), level;
	struct dt_run *run;

	outcome->value = 0;
	outcome->fault_address = 0;
	outcome->insn = 0;
	outcome->steps = 0;
	outcome->reserved = 0;
	if (prog >= vm->prog_count || cpu >= vm->cpu_count) {
		outcome->code = DT_CODE_BAD_PROG;
		return;
	}
	/* Firings of one CPU nest properly: a plain counter does. */
	level = vm->levels[cpu];
	if (level >= DT_NESTING) {
		outcome->code = DT_CODE_NESTED;
		return;
	}
	env_write_once(vm->levels[cpu], level + 1);
	env_order();
	run = &vm->runs[cpu * DT_NESTING + level];
	run->insns = vm->insns + vm->progs[prog].first;
	run->marks = vm->marks + vm->progs[prog].first;
	run->insn_count = vm->progs[prog].count;
	run->cpu = cpu;
	run->depth = 0;
	run->code = DT_CODE_OK;
	run->fault_address = 0;
	run->firing = firing;
	run->context = env_addr(firing->context);
	run->context_bytes = firing->context_bytes;
	env_memset(run->regs, 0, sizeof(run->regs));
	run->regs[1] = run->context;
	run->regs[DT_FP] = frame_pointer(run);
	/* deterministic, and nothing of an earlier firing to be seen */
	env_memset(env_ptr(run->regs[DT_FP] - DT_FRAME_BYTES), 0, DT_FRAME_BYTES);
	interpret(run, outcome);
	outcome->value = run->regs[0];
	outcome->code = run->code;
	outcome->fault_address = run->fault_address;
	env_order();
	env_write_once(vm->levels[cpu], level);
}
