/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * dt.h - the freestanding part's own structures.
 *
 * One dt_vm is one loaded image: its maps, its verified programs, its run
 * states. There is no other state, so that several may live side by side.
 *
 * Life: dt_load() (load.c, process context) -> dt_run_prog() any number of
 * times, on all CPUs at once (vm.c, probe context) -> dt_unload() (process
 * context, when no probe can fire any more).
 */
#ifndef DT_H
#define DT_H

#include "dt_abi.h"
#include "env.h"
#include "isa.h"

#define DT_MAX_FRAMES	8
#define DT_FRAME_BYTES	512		/* of stack, per call frame */
#define DT_STACK_BYTES	(DT_MAX_FRAMES * DT_FRAME_BYTES)
#define DT_NESTING	3		/* firings on one CPU: task, interrupt, NMI */
#define DT_STEPS	(1u << 20)	/* instructions a firing may take, by default */
#define DT_MAX_LOOPS	(1u << 23)	/* bpf_loop: as the kernel's BPF_MAX_LOOPS */
#define DT_SPINS	1024u		/* tries at a contended bucket or list */

/* ---- maps (map.c) ---------------------------------------------------- */

/*
 * A bucket of a hash: @seq is odd while a writer is inside, and has changed
 * for whoever read while one was.
 */
struct dt_bucket {
	u32 seq;
	u32 head;		/* element + 1, 0: empty */
};

struct dt_map {
	u32 type;
	u32 key_bytes;
	u32 value_bytes;
	u32 max_entries;
	u32 flags;
	u32 stride;		/* value_bytes rounded up to 8 */
	u32 copies;		/* values per element: 1, or the CPUs */
	u8 *values;		/* [element][copy], stride bytes each; ring: [cpu][size] */
	u64 values_bytes;
	/* hash only */
	u8 *keys;		/* [element] key_bytes */
	u32 *next;		/* [element] next in chain or in the free list, + 1 */
	u32 *owner;		/* [element] bucket + 1, 0: free */
	struct dt_bucket *buckets;
	u32 bucket_mask;
	u64 free;		/* head of the free list: tag << 32 | element + 1 */
	/* ring only: what dt_abi.h says user space sees of it. @values is the last part */
	u32 *consumed;		/* [cpu] anything may stand there: user space writes it */
	struct dt_ring *rings;	/* [cpu] */
	u64 shared_bytes;	/* all parts, from @consumed on */
	u32 sequence;		/* records so far, on all CPUs: the number of the next */
};

u32 dt_map_create(struct dt_env *env, struct dt_map *map, const struct dt_map_def *def);
void dt_map_destroy(struct dt_env *env, struct dt_map *map);

/* What programs may do. Any context. Return 0 or a negative errno. */
u8 *dt_map_lookup(struct dt_map *map, const u8 *key, u32 cpu);
s64 dt_map_update(struct dt_map *map, const u8 *key, const u8 *value, u64 flags, u32 cpu);
s64 dt_map_delete(struct dt_map *map, const u8 *key);
s64 dt_ring_output(struct dt_map *map, const u8 *record, u64 bytes, u64 flags, u32 cpu);
s64 dt_ring_query(struct dt_map *map, u64 what, u32 cpu);

/* What the consumer may do. Process context. @values: all copies, value_bytes each. */
s64 dt_map_read(struct dt_map *map, const u8 *key, u8 *values);
s64 dt_map_write(struct dt_map *map, const u8 *key, const u8 *values, u64 flags);
s64 dt_map_fill(struct dt_map *map, const u8 *key, const u8 *value);
s64 dt_map_at(struct dt_map *map, u32 element, u8 *key, u8 *values);

static inline int dt_map_is_hash(const struct dt_map *map)
{
	return map->type == DT_MAP_HASH || map->type == DT_MAP_PERCPU_HASH;
}

/* ---- the image (load.c, verify.c) ------------------------------------ */

/* Memory of a map that programs may touch, element by element. */
struct dt_region {
	u64 start;
	u64 end;
	u32 stride;
	u32 value_bytes;
	u32 writable;
};

struct dt_prog {
	u32 first;
	u32 count;
	char name[48];
};

/* dt_vm.marks, one byte per instruction word */
#define DT_MARK_TAIL		1	/* second word of an LD64 */
#define DT_MARK_FUNCTION	2	/* first instruction of a function */
#define DT_MARK_REACHED		4

struct dt_run;

struct dt_vm {
	struct dt_env *env;
	u32 map_count;
	u32 prog_count;
	u32 insn_count;
	u32 region_count;
	u32 cpu_count;
	u32 steps;		/* budget of a firing */
	struct dt_map *maps;
	struct dt_prog *progs;
	struct dt_insn *insns;	/* verified, LD64 resolved */
	u8 *marks;
	struct dt_region *regions; /* ascending */
	struct dt_run *runs;	/* [cpu][DT_NESTING] */
	u32 *levels;		/* [cpu] firings now inside */
};

struct dt_vm *dt_load(struct dt_env *env, const u8 *blob, u64 bytes, struct dt_report *report);
void dt_unload(struct dt_vm *vm);
/*
 * dt_verify - check the program vm->insns[first .. first + count) and set its
 * marks. @work: as many u32 as it has words. Returns an enum dt_code; @at is
 * then the offending word. Process context.
 */
u32 dt_verify(struct dt_vm *vm, u32 first, u32 count, u32 *work, u32 *at);

s32 dt_code_error(u32 code);		/* negative errno, 0 for OK */
const char *dt_code_text(u32 code);

/*
 * What a program holds in place of the address of a map or a function. No
 * memory is there, and a forged one does no harm: it's checked when used.
 */
#define DT_TAG_MAP	0xd7ac000100000000ull
#define DT_TAG_FUNCTION	0xd7ac000200000000ull
#define DT_TAG_MASK	0xffffffff00000000ull

/* ---- a firing (vm.c, service.c) -------------------------------------- */

#define DT_NO_LOOP	0xffffffffu

struct dt_frame {
	u32 return_pc;
	u32 loop_pc;		/* callback of bpf_loop, or DT_NO_LOOP */
	u32 loop_done;
	u32 loop_count;
	u64 loop_context;
	u64 saved[4];		/* the caller's r6 - r9 */
};

struct dt_run {
	struct dt_vm *vm;
	const struct dt_insn *insns; /* of this program */
	const u8 *marks;
	u32 insn_count;
	u32 cpu;
	u32 depth;
	u32 code;		/* enum dt_code */
	u64 fault_address;	/* for LOAD, STORE, RDONLY, ALIGN, ARG_MEMORY */
	u64 context;
	u64 context_bytes;
	const struct dt_firing *firing;
	u64 regs[DT_REG_COUNT];
	struct dt_frame frames[DT_MAX_FRAMES];
	u64 stack[DT_STACK_BYTES / 8]; /* grows down, frame by frame */
};

/* What fired. */
struct dt_firing {
	void *context;		/* what r1 points to; writable */
	u64 context_bytes;
	u64 cookie;		/* of the site, given when it was armed */
	u64 ip;			/* address of the probed function */
};

/* How a firing ended. */
struct dt_outcome {
	u64 value;		/* r0, where code is OK */
	u64 fault_address;
	u32 code;		/* enum dt_code */
	u32 insn;		/* word of the program where it ended */
	u32 steps;		/* instructions executed */
	u32 reserved;
};

/*
 * dt_run_prog - run one program.
 * Context: any, probe context above all: takes no lock, allocates nothing, and
 * calls nothing but env.h. The caller keeps preemption off.
 */
void dt_run_prog(struct dt_vm *vm, u32 prog, const struct dt_firing *firing,
		 struct dt_outcome *outcome);

/*
 * dt_span - how many bytes from @address on belong to the object there: the
 * stack, the context, or one map value. 0: none.
 */
u64 dt_span(const struct dt_run *run, u64 address, u32 *writable);

/* What a service may be given; see service.c. */
struct dt_service {
	const char *name;
	u8 args[5];
	u64 (*call)(struct dt_run *run, struct dt_map *map, const u64 *args);
};
#define DT_SERVICE_LOOP	181	/* run by the interpreter itself */

/* By number, NULL: none such. */
const struct dt_service *dt_service(u32 number);
/* Check the arguments in r1 - r5, call, set r0. Returns an enum dt_code. */
u32 dt_call_service(struct dt_run *run, const struct dt_service *service);

/* dt_function - the word that a function handle means, or DT_NO_LOOP. */
static inline u32 dt_function(const struct dt_run *run, u64 handle)
{
	u32 pc = (u32)handle;

	if ((handle & DT_TAG_MASK) != DT_TAG_FUNCTION || pc >= run->insn_count ||
	    !(run->marks[pc] & DT_MARK_FUNCTION))
		return DT_NO_LOOP;
	return pc;
}

#endif /* DT_H */
