/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * verify.c - what must hold of a program before it is run at all.
 *
 * Not the kernel's verifier: memory is checked when it is touched (vm.c) and
 * termination by a step budget, so backward jumps are welcome and no register
 * is followed. What is checked here is what the interpreter then takes for
 * granted: every word is a known opcode, its registers exist, r10 is never
 * written, control stays inside its function and never lands in the middle of
 * an LD64, calls lead to functions of this program or to services that exist.
 * Where the kernel would refuse as well (unreachable code, a shift by the width
 * and more, division by the constant 0), so do we: an image is right for both
 * backends or for none.
 *
 * Caller's context: process, at load.
 */
#include "dt.h"

static const u8 shape_of[DT_OP_LIMIT] = {
#define X(opcode, name, shape) [opcode] = DT_SHAPE_##shape,
	DT_OPS(X)
#undef X
};

static const u8 fields_of[DT_SHAPE_COUNT] = {
#define X(name, fields) fields,
	DT_SHAPES(X)
#undef X
};

static int atomic_known(s32 imm)
{
	switch (imm) {
#define X(name, value) case value:
	DT_ATOMICS(X)
#undef X
		return 1;
	default:
		return 0;
	}
}

static u32 check_fields(const struct dt_insn *insn, u32 shape)
{
	u32 fields = fields_of[shape];

	if (DT_DST(insn) >= DT_REG_COUNT || DT_SRC(insn) >= DT_REG_COUNT)
		return DT_CODE_REGISTER;
	if ((!(fields & DT_F_D) && DT_DST(insn)) || (!(fields & DT_F_S) && DT_SRC(insn)) ||
	    (!(fields & DT_F_O) && insn->off) || (!(fields & DT_F_I) && insn->imm))
		return DT_CODE_RESERVED;
	if ((fields & DT_F_W) && DT_DST(insn) == DT_FP)
		return DT_CODE_R10_WRITE;
	return DT_CODE_OK;
}

static u32 check_ld64(const struct dt_vm *vm, const struct dt_insn *insn)
{
	const struct dt_insn *tail = insn + 1;
	u32 index = (u32)insn->imm;

	switch (DT_SRC(insn)) {
	case DT_LD64_PLAIN:
		return DT_CODE_OK;
	case DT_LD64_MAP:
	case DT_LD64_FUNCTION:
		if (tail->imm)
			return DT_CODE_LD64_HALF;
		if (DT_SRC(insn) == DT_LD64_MAP && index >= vm->map_count)
			return DT_CODE_MAP_INDEX;
		return DT_CODE_OK;
	case DT_LD64_VALUE:
		if (index >= vm->map_count)
			return DT_CODE_MAP_INDEX;
		if (vm->maps[index].type != DT_MAP_ARRAY || vm->maps[index].max_entries != 1)
			return DT_CODE_MAP_DIRECT;
		if ((u32)tail->imm >= vm->maps[index].value_bytes)
			return DT_CODE_MAP_OFFSET;
		return DT_CODE_OK;
	default:
		return DT_CODE_LD64_KIND;
	}
}

/* What a shape asks for beyond its fields. @left: words from this one to the end. */
static u32 check_shape(const struct dt_vm *vm, const struct dt_insn *insn, u32 shape, u32 left)
{
	switch (shape) {
	case DT_SHAPE_NONE:
		return DT_CODE_OPCODE;
	case DT_SHAPE_SH_K32:
		return (u32)insn->imm < 32 ? DT_CODE_OK : DT_CODE_SHIFT;
	case DT_SHAPE_SH_K64:
		return (u32)insn->imm < 64 ? DT_CODE_OK : DT_CODE_SHIFT;
	case DT_SHAPE_DIV_K:
	case DT_SHAPE_DIV_X:
		if (shape == DT_SHAPE_DIV_K && insn->imm == 0)
			return DT_CODE_DIV_ZERO;
		return (u16)insn->off <= 1 ? DT_CODE_OK : DT_CODE_RESERVED;
	case DT_SHAPE_MOV32_X:
	case DT_SHAPE_MOV64_X:
		if (insn->off == 0 || insn->off == 8 || insn->off == 16 ||
		    (insn->off == 32 && shape == DT_SHAPE_MOV64_X))
			return DT_CODE_OK;
		return DT_CODE_WIDTH;
	case DT_SHAPE_END:
		return insn->imm == 16 || insn->imm == 32 || insn->imm == 64 ?
			DT_CODE_OK : DT_CODE_WIDTH;
	case DT_SHAPE_ATOMIC:
		if (!atomic_known(insn->imm))
			return DT_CODE_ATOMIC;
		/* the old value goes to src; CMPXCHG's to r0 */
		if ((insn->imm & DT_ATOMIC_F_FETCH) && insn->imm != DT_ATOMIC_CMPXCHG &&
		    DT_SRC(insn) == DT_FP)
			return DT_CODE_R10_WRITE;
		return DT_CODE_OK;
	case DT_SHAPE_LD64:
		if (left < 2 || insn[1].opcode || insn[1].regs || insn[1].off)
			return DT_CODE_LD64_HALF;
		return check_ld64(vm, insn);
	case DT_SHAPE_CALL:
		if (DT_SRC(insn) == DT_CALL_SERVICE)
			return dt_service((u32)insn->imm) ? DT_CODE_OK : DT_CODE_SERVICE;
		return DT_SRC(insn) == DT_CALL_FUNCTION ? DT_CODE_OK : DT_CODE_CALL_KIND;
	default:
		return DT_CODE_OK;
	}
}

static int is_function_ref(const struct dt_insn *insn)
{
	return (insn->opcode == DT_OP_CALL && DT_SRC(insn) == DT_CALL_FUNCTION) ||
	       (insn->opcode == DT_OP_LD64 && DT_SRC(insn) == DT_LD64_FUNCTION);
}

/* Where a function reference or a jump leads; may be anything. */
static s64 target_of(const struct dt_insn *insn, u32 pc)
{
	if (insn->opcode == DT_OP_JA32 || is_function_ref(insn))
		return (s64)pc + 1 + insn->imm;
	return (s64)pc + 1 + insn->off;
}

static int is_jump(u32 shape)
{
	return shape == DT_SHAPE_JA || shape == DT_SHAPE_JA32 || shape == DT_SHAPE_JMP_K ||
	       shape == DT_SHAPE_JMP_X;
}

static int falls_through(u32 shape)
{
	return shape != DT_SHAPE_JA && shape != DT_SHAPE_JA32 && shape != DT_SHAPE_EXIT;
}

/* Pass 1: each word by itself; the tails of LD64s are marked. */
static u32 check_words(const struct dt_vm *vm, const struct dt_insn *insns, u8 *marks, u32 count,
		       u32 *at)
{
	u32 pc, shape, code;

	for (pc = 0; pc < count; pc++) {
		*at = pc;
		shape = shape_of[insns[pc].opcode];
		if (shape == DT_SHAPE_NONE)
			return DT_CODE_OPCODE;
		code = check_fields(&insns[pc], shape);
		if (!code)
			code = check_shape(vm, &insns[pc], shape, count - pc);
		if (code)
			return code;
		if (shape == DT_SHAPE_LD64)
			marks[++pc] |= DT_MARK_TAIL;
	}
	return DT_CODE_OK;
}

/* Pass 2: where functions begin. */
static u32 mark_functions(const struct dt_insn *insns, u8 *marks, u32 count, u32 *at)
{
	s64 target;
	u32 pc;

	marks[0] |= DT_MARK_FUNCTION;
	for (pc = 0; pc < count; pc++) {
		*at = pc;
		if ((marks[pc] & DT_MARK_TAIL) || !is_function_ref(&insns[pc]))
			continue;
		target = target_of(&insns[pc], pc);
		if (target < 0 || target >= (s64)count || (marks[target] & DT_MARK_TAIL))
			return DT_CODE_CALL_TARGET;
		marks[target] |= DT_MARK_FUNCTION;
	}
	return DT_CODE_OK;
}

/* Pass 3: control stays in its function [start, end). */
static u32 check_function(const struct dt_insn *insns, const u8 *marks, u32 start, u32 end, u32 *at)
{
	u32 pc, shape, last = start;
	s64 target;

	for (pc = start; pc < end; pc++) {
		*at = pc;
		if (marks[pc] & DT_MARK_TAIL)
			continue;
		last = pc;
		shape = shape_of[insns[pc].opcode];
		if (!is_jump(shape))
			continue;
		target = target_of(&insns[pc], pc);
		if (target < (s64)start || target >= (s64)end)
			return DT_CODE_JUMP_RANGE;
		if (marks[target] & DT_MARK_TAIL)
			return DT_CODE_JUMP_MIDDLE;
	}
	*at = last;
	return falls_through(shape_of[insns[last].opcode]) ? DT_CODE_FALL_OFF : DT_CODE_OK;
}

static u32 check_functions(const struct dt_insn *insns, const u8 *marks, u32 count, u32 *at)
{
	u32 start = 0, end, code;

	while (start < count) {
		for (end = start + 1; end < count && !(marks[end] & DT_MARK_FUNCTION); end++)
			;
		code = check_function(insns, marks, start, end, at);
		if (code)
			return code;
		start = end;
	}
	return DT_CODE_OK;
}

/* Put a word on the list once. */
static u32 reach(u8 *marks, u32 *work, u32 depth, u32 pc)
{
	if (!(marks[pc] & DT_MARK_REACHED)) {
		marks[pc] |= DT_MARK_REACHED;
		work[depth++] = pc;
	}
	return depth;
}

/* Pass 4: every word can be reached. All targets are known to be inside now. */
static u32 check_reachable(const struct dt_insn *insns, u8 *marks, u32 count, u32 *work, u32 *at)
{
	u32 depth = reach(marks, work, 0, 0), pc, shape;

	while (depth) {
		pc = work[--depth];
		shape = shape_of[insns[pc].opcode];
		if (is_jump(shape) || is_function_ref(&insns[pc]))
			depth = reach(marks, work, depth, (u32)target_of(&insns[pc], pc));
		if (falls_through(shape))
			depth = reach(marks, work, depth, pc + (shape == DT_SHAPE_LD64 ? 2 : 1));
	}
	for (pc = 0; pc < count; pc++) {
		*at = pc;
		if (!(marks[pc] & (DT_MARK_REACHED | DT_MARK_TAIL)))
			return DT_CODE_UNREACHABLE;
	}
	return DT_CODE_OK;
}

u32 dt_verify(struct dt_vm *vm, u32 first, u32 count, u32 *work, u32 *at)
{
	const struct dt_insn *insns = vm->insns + first;
	u8 *marks = vm->marks + first;
	u32 code;

	code = check_words(vm, insns, marks, count, at);
	if (!code)
		code = mark_functions(insns, marks, count, at);
	if (!code)
		code = check_functions(insns, marks, count, at);
	if (!code)
		code = check_reachable(insns, marks, count, work, at);
	return code;
}
