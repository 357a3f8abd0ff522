/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * load.c - from a blob that nobody has checked to a dt_vm that can be run.
 *
 * The order is that of trust: header, tables, maps, instructions (copied, then
 * verified, so that nothing can change them in between), then the addresses are
 * put into the copies. Whatever fails, everything that was made is freed, and
 * the report says what and where.
 *
 * Caller's context: process; may sleep in env_alloc().
 */
#include "dt.h"

static const struct {
	s32 error;
	const char *text;
} codes[] = {
#define X(name, error, text) { error, text },
	DT_CODES(X)
#undef X
};

s32 dt_code_error(u32 code)
{
	return code < DT_CODE_COUNT ? -codes[code].error : -EINVAL;
}

const char *dt_code_text(u32 code)
{
	return code < DT_CODE_COUNT ? codes[code].text : "unknown code";
}

/* Where the parts of the blob are. */
struct parts {
	struct dt_image_header header;
	const u8 *maps;
	const u8 *progs;
	const u8 *insns;
	const u8 *data;
};

static u32 find_parts(const u8 *blob, u64 bytes, struct parts *parts)
{
	struct dt_image_header *h = &parts->header;
	u64 total;

	if (bytes < sizeof(*h))
		return DT_CODE_BLOB_SHORT;
	env_memcpy(h, blob, sizeof(*h));
	if (h->magic != DT_IMAGE_MAGIC)
		return DT_CODE_MAGIC;
	if (h->abi_version != DT_ABI_VERSION)
		return DT_CODE_VERSION;
	if (h->header_bytes != sizeof(*h) || h->flags)
		return DT_CODE_HEADER;
	if (h->map_count > DT_MAX_MAPS || h->prog_count > DT_MAX_PROGS ||
	    h->insn_count > DT_MAX_INSNS || h->data_bytes > DT_MAX_DATA)
		return DT_CODE_LIMIT;
	/* none of these can overflow: all counts are bounded now */
	parts->maps = blob + sizeof(*h);
	parts->progs = parts->maps + (u64)h->map_count * sizeof(struct dt_map_def);
	parts->insns = parts->progs + (u64)h->prog_count * sizeof(struct dt_prog_def);
	parts->data = parts->insns + (u64)h->insn_count * sizeof(struct dt_insn);
	total = (u64)(parts->data - blob) + h->data_bytes;
	if (bytes < total || h->total_bytes < total)
		return DT_CODE_BLOB_SHORT;
	if (bytes > total || h->total_bytes > total)
		return DT_CODE_BLOB_LONG;
	return DT_CODE_OK;
}

/* A name ends inside its field. */
static int name_ok(const char *name, u32 room)
{
	return name[room - 1] == 0;
}

/* The initial entries. The sizes in @def have been checked by dt_map_create(). */
static u32 fill_map(struct dt_map *map, const struct dt_map_def *def, const struct parts *parts)
{
	const u8 *at = parts->data + def->init_offset;
	u64 entry = (u64)def->key_bytes + def->value_bytes;
	u32 i;

	if (!def->init_count)
		return DT_CODE_OK;
	if (def->init_offset > parts->header.data_bytes ||
	    (u64)def->init_count * entry > parts->header.data_bytes - def->init_offset)
		return DT_CODE_MAP_INIT;
	for (i = 0; i < def->init_count; i++, at += entry)
		if (dt_map_fill(map, at, at + def->key_bytes))
			return DT_CODE_MAP_INIT;
	return DT_CODE_OK;
}

static u32 make_maps(struct dt_vm *vm, const struct parts *parts, u32 *index)
{
	struct dt_map_def def;
	u32 i, code;

	vm->maps = env_alloc(vm->env, ((u64)parts->header.map_count + 1) * sizeof(*vm->maps));
	if (!vm->maps)
		return DT_CODE_NOMEM;
	for (i = 0; i < parts->header.map_count; i++) {
		*index = i;
		env_memcpy(&def, parts->maps + (u64)i * sizeof(def), sizeof(def));
		if (def.reserved || !name_ok(def.name, sizeof(def.name)))
			return DT_CODE_HEADER;
		vm->map_count = i + 1; /* from here on dt_unload() knows it */
		code = dt_map_create(vm->env, &vm->maps[i], &def);
		if (code)
			return code;
		code = fill_map(&vm->maps[i], &def, parts);
		if (code)
			return code;
	}
	*index = DT_NOWHERE;
	return DT_CODE_OK;
}

/* The map values that programs may touch, ascending by address. */
static u32 make_regions(struct dt_vm *vm)
{
	struct dt_region region;
	struct dt_map *map;
	u32 i, at;

	vm->regions = env_alloc(vm->env, ((u64)vm->map_count + 1) * sizeof(*vm->regions));
	if (!vm->regions)
		return DT_CODE_NOMEM;
	for (i = 0; i < vm->map_count; i++) {
		map = &vm->maps[i];
		if (map->type == DT_MAP_RING)
			continue;
		region.start = env_addr(map->values);
		region.end = region.start + map->values_bytes;
		region.stride = map->stride;
		region.value_bytes = map->value_bytes;
		region.writable = !(map->flags & DT_MAP_F_RDONLY);
		for (at = vm->region_count; at && vm->regions[at - 1].start > region.start; at--)
			vm->regions[at] = vm->regions[at - 1];
		vm->regions[at] = region;
		vm->region_count++;
	}
	return DT_CODE_OK;
}

static u32 make_progs(struct dt_vm *vm, const struct parts *parts, u32 *index)
{
	struct dt_prog_def def;
	u32 i, count = parts->header.insn_count;

	vm->progs = env_alloc(vm->env, ((u64)parts->header.prog_count + 1) * sizeof(*vm->progs));
	vm->insns = env_alloc(vm->env, ((u64)count + 1) * sizeof(*vm->insns));
	vm->marks = env_alloc(vm->env, (u64)count + 1);
	if (!vm->progs || !vm->insns || !vm->marks)
		return DT_CODE_NOMEM;
	vm->insn_count = count;
	env_memcpy(vm->insns, parts->insns, (u64)count * sizeof(*vm->insns));
	for (i = 0; i < parts->header.prog_count; i++) {
		*index = i;
		env_memcpy(&def, parts->progs + (u64)i * sizeof(def), sizeof(def));
		if (def.flags || def.reserved || !name_ok(def.name, sizeof(def.name)))
			return DT_CODE_HEADER;
		if (def.insn_count == 0 || def.first_insn > count ||
		    def.insn_count > count - def.first_insn)
			return DT_CODE_PROG_RANGE;
		/* in order and disjoint: a word is verified and resolved once, as part of one program */
		if (i && def.first_insn < vm->progs[i - 1].first + vm->progs[i - 1].count)
			return DT_CODE_PROG_RANGE;
		vm->progs[i].first = def.first_insn;
		vm->progs[i].count = def.insn_count;
		env_memcpy(vm->progs[i].name, def.name, sizeof(def.name));
		vm->prog_count = i + 1;
	}
	*index = DT_NOWHERE;
	return DT_CODE_OK;
}

/* Put the address or handle that an LD64 means into its two words. */
static void resolve(struct dt_vm *vm, const struct dt_prog *prog)
{
	struct dt_insn *insn = vm->insns + prog->first;
	u64 value;
	u32 pc;

	for (pc = 0; pc < prog->count; pc++) {
		if (insn[pc].opcode != DT_OP_LD64)
			continue;
		switch (DT_SRC(&insn[pc])) {
		case DT_LD64_MAP:
			value = DT_TAG_MAP | (u32)insn[pc].imm;
			break;
		case DT_LD64_VALUE:
			value = env_addr(vm->maps[insn[pc].imm].values) + (u32)insn[pc + 1].imm;
			break;
		case DT_LD64_FUNCTION:
			value = DT_TAG_FUNCTION | (u32)(pc + 1 + (u32)insn[pc].imm);
			break;
		default:
			value = (u32)insn[pc].imm | (u64)(u32)insn[pc + 1].imm << 32;
			break;
		}
		insn[pc].regs = DT_DST(&insn[pc]);
		insn[pc].imm = (s32)(u32)value;
		insn[pc + 1].imm = (s32)(u32)(value >> 32);
		pc++;
	}
}

static u32 verify_all(struct dt_vm *vm, u32 *index, u32 *at)
{
	u32 i, most = 0, code = DT_CODE_OK, *work;

	for (i = 0; i < vm->prog_count; i++)
		if (vm->progs[i].count > most)
			most = vm->progs[i].count;
	work = env_alloc(vm->env, ((u64)most + 1) * sizeof(*work));
	if (!work)
		return DT_CODE_NOMEM;
	for (i = 0; i < vm->prog_count && !code; i++) {
		*index = i;
		code = dt_verify(vm, vm->progs[i].first, vm->progs[i].count, work, at);
	}
	env_free(vm->env, work);
	if (code)
		return code;
	*index = DT_NOWHERE;
	for (i = 0; i < vm->prog_count; i++)
		resolve(vm, &vm->progs[i]);
	return DT_CODE_OK;
}

static u32 make_runs(struct dt_vm *vm)
{
	u32 i, count = vm->cpu_count * DT_NESTING;

	vm->runs = env_alloc(vm->env, (u64)count * sizeof(*vm->runs));
	vm->levels = env_alloc(vm->env, (u64)vm->cpu_count * sizeof(*vm->levels));
	if (!vm->runs || !vm->levels)
		return DT_CODE_NOMEM;
	for (i = 0; i < count; i++)
		vm->runs[i].vm = vm;
	return DT_CODE_OK;
}

/*
 * dt_load - the whole of it. @blob is only read here.
 * Returns the machine, or NULL with *report filled.
 */
struct dt_vm *dt_load(struct dt_env *env, const u8 *blob, u64 bytes, struct dt_report *report)
{
	struct dt_vm *vm = NULL;
	struct parts parts;
	u32 code;

	report->index = DT_NOWHERE;
	report->insn = DT_NOWHERE;
	code = find_parts(blob, bytes, &parts);
	if (code)
		goto out;
	code = DT_CODE_NOMEM;
	vm = env_alloc(env, sizeof(*vm));
	if (!vm)
		goto out;
	vm->env = env;
	vm->steps = DT_STEPS;
	vm->cpu_count = env_cpu_count(env);
	code = make_maps(vm, &parts, &report->index);
	if (!code)
		code = make_regions(vm);
	if (!code)
		code = make_progs(vm, &parts, &report->index);
	if (!code)
		code = verify_all(vm, &report->index, &report->insn);
	if (!code)
		code = make_runs(vm);
out:
	report->code = code;
	report->error = dt_code_error(code);
	if (code) {
		dt_unload(vm);
		return NULL;
	}
	return vm;
}

void dt_unload(struct dt_vm *vm)
{
	struct dt_env *env;
	u32 i;

	if (!vm)
		return;
	env = vm->env;
	for (i = 0; i < vm->map_count; i++)
		dt_map_destroy(env, &vm->maps[i]);
	env_free(env, vm->maps);
	env_free(env, vm->regions);
	env_free(env, vm->progs);
	env_free(env, vm->insns);
	env_free(env, vm->marks);
	env_free(env, vm->runs);
	env_free(env, vm->levels);
	env_free(env, vm);
}
