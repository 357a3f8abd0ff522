/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * dt_abi.h - what user space and the module say to each other.
 *
 * The only header of the module that user space sees; ../src/abi.rs mirrors it
 * and asserts every size and offset at compile time.
 *
 * An image is one flat, position-independent blob (little-endian, as x86 is):
 *
 *	struct dt_image_header
 *	struct dt_map_def	[map_count]
 *	struct dt_prog_def	[prog_count]
 *	instruction words	[insn_count]	8 bytes each, eBPF encoding
 *	initial data		[data_bytes]
 *
 * There is nothing between the parts and nothing after them. The reader trusts
 * none of it: each count, offset and length is checked before it is used.
 */
#ifndef DT_ABI_H
#define DT_ABI_H

#include <linux/types.h>

#define DT_IMAGE_MAGIC		0x4d495444u	/* "DTIM" */
#define DT_ABI_VERSION		4

/* Upper bounds of what one image may ask for. */
#define DT_MAX_MAPS		4096u
#define DT_MAX_PROGS		4096u
#define DT_MAX_INSNS		(1u << 20)	/* instruction words, all programs */
#define DT_MAX_DATA		(1u << 24)	/* bytes of initial data */
#define DT_MAX_MAP_BYTES	(1ull << 28)	/* bytes, one map, all CPUs */
#define DT_MAX_KEY		(1u << 17)	/* bytes: a string of the longest and more */
#define DT_MAX_VALUE		(1u << 24)	/* bytes */

/* Map types carry the numbers of enum bpf_map_type. */
#define DT_MAP_HASH		1u
#define DT_MAP_ARRAY		2u
#define DT_MAP_PERCPU_HASH	5u
#define DT_MAP_PERCPU_ARRAY	6u
#define DT_MAP_RING		27u

/* dt_map_def.flags */
#define DT_MAP_F_RDONLY		0x80u	/* programs may not store (BPF_F_RDONLY_PROG) */

struct dt_image_header {
	__u32 magic;		/* DT_IMAGE_MAGIC */
	__u16 abi_version;	/* DT_ABI_VERSION */
	__u16 header_bytes;	/* sizeof(struct dt_image_header) */
	__u32 total_bytes;	/* of the whole image, this header included */
	__u32 map_count;
	__u32 prog_count;
	__u32 insn_count;	/* 8-byte words */
	__u32 data_bytes;
	__u32 flags;		/* none defined: 0 */
};

struct dt_map_def {
	__u32 type;		/* DT_MAP_* */
	__u32 key_bytes;	/* arrays: 4; ring: 0 */
	__u32 value_bytes;	/* ring: 0 */
	__u32 max_entries;	/* ring: its size in bytes, a power of two */
	__u32 flags;		/* DT_MAP_F_* */
	__u32 init_offset;	/* bytes into the initial data */
	__u32 init_count;	/* entries there: key, value, nothing between them */
	__u32 reserved;		/* 0 */
	char name[32];		/* NUL-terminated, for messages */
};

struct dt_prog_def {
	__u32 first_insn;	/* index of an instruction word */
	__u32 insn_count;	/* its subprograms included; the entry comes first */
	__u32 flags;		/* none defined: 0 */
	__u32 reserved;		/* 0 */
	char name[48];		/* NUL-terminated, for messages */
};

/* Where loading failed. Filled for every refusal. */
struct dt_report {
	__u32 code;		/* enum dt_code */
	__s32 error;		/* negative errno, what the ioctl returns */
	__u32 index;		/* of the map or program concerned, or DT_NOWHERE */
	__u32 insn;		/* instruction word within that program, or DT_NOWHERE */
};
#define DT_NOWHERE		0xffffffffu

/*
 * Every way to fail, once: X(name, errno class, text).
 * First what loading may answer, then (from LOAD on) why a run was ended.
 * Numbers are ABI: append only within a version.
 */
#define DT_CODES(X)							\
	X(OK,		0,	"success")				\
	X(BLOB_SHORT,	EINVAL,	"the image is shorter than it says")	\
	X(BLOB_LONG,	EINVAL,	"the image is longer than it says")	\
	X(MAGIC,	EINVAL,	"this is not an image")			\
	X(VERSION,	EPROTO,	"the image has another ABI version")	\
	X(HEADER,	EINVAL,	"a reserved field of the image is set")	\
	X(LIMIT,	E2BIG,	"the image asks for more maps, programs, instructions or data than allowed") \
	X(MAP_TYPE,	EINVAL,	"unknown map type")			\
	X(MAP_KEY,	EINVAL,	"key size not possible for this map type") \
	X(MAP_VALUE,	EINVAL,	"value size not possible for this map type") \
	X(MAP_ENTRIES,	EINVAL,	"number of entries not possible for this map type") \
	X(MAP_FLAGS,	EINVAL,	"map flags not possible for this map type") \
	X(MAP_BYTES,	E2BIG,	"the map is larger than allowed")	\
	X(MAP_INIT,	EINVAL,	"initial data of the map out of range")	\
	X(NOMEM,	ENOMEM,	"out of memory")			\
	X(PROG_RANGE,	EINVAL,	"the program lies outside the instructions") \
	X(OPCODE,	EINVAL,	"unknown opcode")			\
	X(REGISTER,	EINVAL,	"register number above r10")		\
	X(R10_WRITE,	EACCES,	"r10 is read-only")			\
	X(RESERVED,	EINVAL,	"a field that this opcode doesn't use is set") \
	X(SHIFT,	EINVAL,	"shift by the operand's width or more")	\
	X(DIV_ZERO,	EINVAL,	"division by the constant zero")	\
	X(WIDTH,	EINVAL,	"no such operand width")		\
	X(ATOMIC,	EINVAL,	"unknown atomic operation")		\
	X(LD64_HALF,	EINVAL,	"the second half of a 64-bit load is missing or malformed") \
	X(LD64_KIND,	EINVAL,	"unknown kind of 64-bit load")		\
	X(MAP_INDEX,	EINVAL,	"no such map")				\
	X(MAP_DIRECT,	EINVAL,	"only the value of a one-element array has an address") \
	X(MAP_OFFSET,	EINVAL,	"offset beyond the map's value")	\
	X(JUMP_RANGE,	EINVAL,	"jump out of the function")		\
	X(JUMP_MIDDLE,	EINVAL,	"jump into the middle of a 64-bit load") \
	X(CALL_KIND,	EINVAL,	"unknown kind of call")			\
	X(CALL_TARGET,	EINVAL,	"call to what is not an instruction of this program") \
	X(SERVICE,	ENOSYS,	"unknown service (helper) number")	\
	X(FALL_OFF,	EINVAL,	"control runs off the end of a function") \
	X(UNREACHABLE,	EINVAL,	"unreachable instruction")		\
	X(LOAD,		EFAULT,	"load outside the program's memory")	\
	X(STORE,	EFAULT,	"store outside the program's memory")	\
	X(RDONLY,	EACCES,	"store to read-only data")		\
	X(ALIGN,	EFAULT,	"misaligned atomic operation")		\
	X(STEPS,	ETIME,	"the step budget is used up")		\
	X(DEPTH,	EOVERFLOW, "calls nested too deeply")		\
	X(ARG_MAP,	EINVAL,	"a service was called with something that is not a suitable map") \
	X(ARG_MEMORY,	EFAULT,	"a service was called with a buffer outside the program's memory") \
	X(ARG_FUNCTION,	EINVAL,	"a service was called with something that is not a function") \
	X(NESTED,	EBUSY,	"this CPU is inside too many firings already") \
	X(BAD_PROG,	EINVAL,	"no such program")			\
	X(BROKEN,	EIO,	"the virtual machine met an instruction that was never verified")

enum dt_code {
#define X(name, error, text) DT_CODE_##name,
	DT_CODES(X)
#undef X
	DT_CODE_COUNT
};

/* ---- the device -------------------------------------------------------- */

/*
 * One open file is one enabling: LOAD once, then SITES, SYSCALLS and TIMER any
 * number of times. Closing it, however that happens, takes all of it back.
 * Every call needs CAP_SYS_ADMIN, whoever opened the file. Members lie on their
 * natural boundaries, so that 32-bit and 64-bit callers mean the same.
 *
 * What is refused changes nothing, and says why by its errno:
 *
 *	EPERM		the caller lacks CAP_SYS_ADMIN
 *	ENOTTY		no such call
 *	EMSGSIZE	such a call, with an argument of another size: another version
 *	EFAULT		an address of the caller's where nothing is
 *	EALREADY	an image is loaded already; EBADF: none is, or it has no such map or program
 *	ERANGE		an address in no text that may be probed; a place outside a map's value
 *	ESTALE		one in the text of a module that is not up yet, or going
 *	EEXIST		a site twice; EINVAL: sites not ascending by address
 *	E2BIG		more than the module takes; ENOSPC: more than is left
 *	EPROTO		an image of another ABI version; for other refusals of images see DT_CODES
 */
#define DT_SLOT_BYTES		32u	/* of code, for one breakpoint */

#define DT_FEATURE_REGS		1u	/* call handlers take one pt_regs pointer */
#define DT_FEATURE_PREEMPT	2u	/* preemptible: once armed the module stays loaded */

struct dt_info {		/* out */
	__u32 abi_version;
	__u32 cpus;		/* copies of per-CPU values, rings */
	__u32 features;		/* DT_FEATURE_* */
	__u32 slot_count;
	__u32 slots_used;
	__u32 syscall_slots;	/* of each table that can be served */
	__u32 modules_gone;	/* since loading: see dt_sites_args */
	__u32 reserved;
};

struct dt_load_args {
	__u64 blob;		/* address */
	__u64 bytes;
	struct dt_report report; /* out */
};

/* Read kernel memory: live text, tables. */
struct dt_read_args {
	__u64 address;
	__u64 buffer;
	__u64 bytes;
};

/* Slots for breakpoints at these addresses, the same ones each time. */
struct dt_reserve_args {
	__u64 addresses;	/* of __u64[count] */
	__u64 slots;		/* of __u64[count], out: where the code will be */
	__u32 count;
	__u32 reserved;
};

/* How a site was dealt with: dt_site_def.result. */
#define DT_SITE_ARMED		0u
#define DT_SITE_CHANGED		1u	/* another byte is there than was planned on */
#define DT_SITE_UNRESERVED	2u
#define DT_SITE_UNREADABLE	3u
#define DT_SITE_GONE		4u	/* its module has gone, whatever is there now */

/* What a breakpoint is for: dt_site_def.kind. */
#define DT_SITE_PROBE		0u	/* runs the program */
#define DT_SITE_CHILD		1u	/* where a new task begins: the return of its fork */
#define DT_SITE_DROP		2u	/* where a call that drops its return address leaves; ax is its result */
/* Beside it: the function has its first arguments on the stack too (i386, asmlinkage). */
#define DT_SITE_STACKED		0x80u

struct dt_site_def {
	__u64 address;
	__u64 cookie;
	__u64 ip;		/* of the function probed */
	__u32 prog;
	__u8 first;		/* the byte that is there now */
	__u8 code_bytes;
	__u8 result;		/* out */
	__u8 kind;
	__u8 code[32];		/* the displaced instruction and the way back */
};

/*
 * Text of modules goes when they do, and others come to the same addresses. So
 * the caller says what dt_info.modules_gone was before it looked at anything:
 * sites in modules that went since then are not planted.
 */
struct dt_sites_args {
	__u64 sites;		/* of struct dt_site_def[count] */
	__u32 count;
	__u32 armed;		/* out */
	__u32 modules_gone;
	__u32 reserved;
};

/* The module that has some address in its text. */
struct dt_module_args {
	__u64 address;
	__u64 text;		/* out, as all below */
	__u64 text_bytes;
	__u64 fixups;		/* its exception table, as the kernel has its own */
	__u64 fixup_bytes;
};

#define DT_TABLE_NATIVE		0u
#define DT_TABLE_IA32		1u
#define DT_TABLES		2u

struct dt_syscall_def {
	__u64 cookie;
	__u32 nr;
	__u32 prog;
	__u8 table;		/* DT_TABLE_* */
	__u8 ret;		/* at return */
	__u8 drops;		/* it leaves by a breakpoint, not by its return address */
	__u8 reserved[5];
};

struct dt_syscalls_args {
	__u64 defs;		/* of struct dt_syscall_def[count] */
	__u64 tables[2];	/* addresses, 0: not needed */
	__u32 entries[2];	/* of each */
	__u32 count;
	__u32 reserved;
};

#define DT_EVERY_CPU		0xffffffffu

struct dt_timer_args {
	__u64 period_ns;
	__u64 cookie;
	__u32 prog;
	__u32 cpu;		/* or DT_EVERY_CPU */
};

struct dt_run_args {
	__u64 value;		/* out: r0 */
	__u32 prog;
	__u32 code;		/* out: enum dt_code */
};

/* Change a word of a one-element array if it is what the caller thinks. */
struct dt_word_args {
	__u32 map;
	__u32 offset;
	__u32 expect;
	__u32 value;
	__u32 old;		/* out: equals expect where it was changed */
	__u32 reserved;
};

/*
 * Elements of a map, from element number @next on: for each its key, padded to
 * 8, and all copies of its value, each padded to 8.
 */
struct dt_walk_args {
	__u64 buffer;
	__u64 bytes;
	__u32 map;
	__u32 next;		/* in and out; 0xffffffff: that was the last */
	__u32 count;		/* out */
	__u32 reserved;
};

#define DT_MAP_SET		0u	/* all copies to one value */
#define DT_MAP_DELETE		1u

struct dt_map_args {
	__u64 key;
	__u64 value;
	__u32 map;
	__u32 op;
};

/*
 * Records are read where they are written: mmap() of the device, shared, at the
 * offset DT_RING_OFFSET(map) shows the rings of one map, one a CPU. Three parts,
 * each beginning on a page:
 *
 *	__u32		consumed[cpus]
 *	struct dt_ring	rings[cpus]
 *	__u8		records[cpus][the map's max_entries]
 *
 * The first is the reader's to write, and may be mapped so; the others are not.
 * Positions count bytes and wrap at 2^32; they only ever move forward:
 * reserved >= published >= consumed. What lies between the last two is whole: a
 * struct dt_record, its bytes, and padding to 8, around the ring's end if need
 * be. Numbers are of all CPUs together, in the order of writing. A CPU whose
 * reserved is beyond what it has published is writing: it may yet bring a lower
 * number than those that are there.
 *
 * EBADF: no image is loaded, or it has no such ring; EACCES: more than the first
 * part was to be written; EINVAL: a private mapping, or one beyond the end.
 * A mapping keeps the file open; it does not go to children.
 */
#define DT_RING_OFFSET(map)	((__u64)(map) << 32)
#define DT_RING_PART(bytes)	(((__u64)(bytes) + 4095) & ~4095ull)

struct dt_ring {
	__u32 reserved;
	__u32 published;
	__u32 nest;		/* writers now inside, of this CPU */
	__u32 drops;		/* records that found no room */
	__u32 unused[12];	/* a cache line for each CPU's */
};

struct dt_record {
	__u32 bytes;
	__u32 number;
};

struct dt_stats {		/* out; of all enablings since loading */
	__u64 firings;
	__u64 misses;		/* inside a firing of the same CPU */
	__u64 faults;		/* runs that the machine ended */
	__u64 no_stash;		/* returns lost: no room to remember the call */
	__u32 last_fault;	/* enum dt_code */
	__u32 last_insn;
	__u32 armed;		/* breakpoints now */
	__u32 hooked;		/* table entries now */
	__u64 drops;		/* records that found no room */
	__u64 memory;		/* bytes of all enablings that are open */
	__u32 consumers;	/* open files, the caller's included */
	__u32 slots_used;
};

/*
 * A hash of what is there now, and of what was there when this was first asked
 * for since loading: user space asks before anything is planted, and after.
 */
#define DT_AUDIT_MEMORY		0u
#define DT_AUDIT_IDT		1u	/* address and bytes are out */

struct dt_audit_args {
	__u64 address;
	__u64 bytes;
	__u64 before;		/* out */
	__u64 now;		/* out */
	__u32 kind;		/* DT_AUDIT_* */
	__u32 reserved;
};

/* Where the kernel that the module was built for has what user space's programs read. */
struct dt_offsets {		/* out; of struct task_struct, bytes */
	__u32 real_parent;
	__u32 tgid;
	__u32 start_time;
	__u32 sum_exec_runtime;
};

/* The kernel's types in BTF, as the module's compiler saw them. */
struct dt_types_args {
	__u64 buffer;
	__u64 bytes;		/* in: of the buffer. out: what there is, which may be more, or 0 */
};

#define DT_IOC_INFO	_IOR('D', 1, struct dt_info)
#define DT_IOC_LOAD	_IOWR('D', 2, struct dt_load_args)
#define DT_IOC_READ	_IOW('D', 3, struct dt_read_args)
#define DT_IOC_RESERVE	_IOW('D', 4, struct dt_reserve_args)
#define DT_IOC_SITES	_IOWR('D', 5, struct dt_sites_args)
#define DT_IOC_SYSCALLS	_IOW('D', 6, struct dt_syscalls_args)
#define DT_IOC_TIMER	_IOW('D', 7, struct dt_timer_args)
#define DT_IOC_RUN	_IOWR('D', 8, struct dt_run_args)
#define DT_IOC_WORD	_IOWR('D', 9, struct dt_word_args)
#define DT_IOC_WALK	_IOWR('D', 10, struct dt_walk_args)
#define DT_IOC_MAP	_IOW('D', 11, struct dt_map_args)
#define DT_IOC_STATS	_IOR('D', 13, struct dt_stats)
#define DT_IOC_STOP	_IO('D', 14)
#define DT_IOC_AUDIT	_IOWR('D', 15, struct dt_audit_args)
#define DT_IOC_OFFSETS	_IOR('D', 16, struct dt_offsets)
#define DT_IOC_TYPES	_IOWR('D', 17, struct dt_types_args)
#define DT_IOC_MODULE	_IOWR('D', 18, struct dt_module_args)

#endif /* DT_ABI_H */
