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
#define DT_ABI_VERSION		1

/* Upper bounds of what one image may ask for. */
#define DT_MAX_MAPS		256u
#define DT_MAX_PROGS		4096u
#define DT_MAX_INSNS		(1u << 20)	/* instruction words, all programs */
#define DT_MAX_DATA		(1u << 24)	/* bytes of initial data */
#define DT_MAX_MAP_BYTES	(1ull << 28)	/* bytes, one map, all CPUs */
#define DT_MAX_KEY		512u		/* bytes; as the kernel's hash maps */
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

#endif /* DT_ABI_H */
