/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * work.c - what displaced.rs traces: functions of the C library where there is
 * one, and the module's own machine, compiled for 32 bits too. Between two
 * breakpoints of its own it makes no system call.
 */
#ifdef FREESTANDING
#include <stddef.h>
/* Memory is copied byte by byte here, each a handful of instructions. */
#define FIRINGS 8
#else
#define FIRINGS 40
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#endif
#include "../../kmod/host/host.h"

/* Fixed, so that the tracer need not look for it: what it is told, then the slots. */
#define PLACE 0x10000000ul
#define PLACE_BYTES 0x800000ul

struct told {
	u64 text, text_end, last;	/* last: the second breakpoint's address */
	u64 sum;			/* of all results */
	u64 blob_bytes;			/* in: an image, at PLACE + 4096 */
};

extern char __executable_start[], etext[], last_breakpoint[];

static struct told *told;

static void add(u64 value)
{
	told->sum = (told->sum ^ value) * 0x100000001b3ull;
}

static void add_text(const char *text)
{
	while (*text)
		add((unsigned char)*text++);
}

/* ---- the module's machine ---------------------------------------------- */

static u64 room[1 << 16], used;

/*
 * The machine's calloc() and free() are these (-Dcalloc=work_calloc): the C
 * library's have a random number in them, which no two runs share.
 */
void *work_calloc(size_t count, size_t bytes)
{
	u8 *memory = (u8 *)room + used;

	used += (count * bytes + 15) & ~15ul;
	return used > sizeof(room) ? NULL : memory;
}

void work_free(void *memory)
{
	(void)memory;
}

static struct dt_env world;

static void machine(void)
{
	struct dt_report report;
	struct dt_outcome outcome;
	struct dt_firing firing;
	struct dt_vm *vm;
	u64 context[4];
	u32 i;

	world.cpu_count = 1;
	world.random = 1;
	vm = dt_load(&world, (const u8 *)(PLACE + 4096), told->blob_bytes, &report);
	add(report.code);
	if (!vm)
		return;
	for (i = 0; i < FIRINGS; i++) {
		context[0] = i * 0x9e3779b97f4a7c15ull;
		context[1] = i;
		firing.context = context;
		firing.context_bytes = sizeof(context);
		firing.cookie = i;
		firing.ip = 0;
		dt_run_prog(vm, 0, &firing, &outcome);
		add(outcome.value);
		add(outcome.code);
		add(outcome.steps);
	}
	dt_unload(vm);
}

#ifdef FREESTANDING
void *memcpy(void *to, const void *from, size_t bytes)
{
	u8 *t = to;
	const u8 *f = from;

	while (bytes--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	u8 *t = to;
	const u8 *f = from;

	if (t <= f)
		return memcpy(to, from, bytes);
	while (bytes--)
		t[bytes] = f[bytes];
	return to;
}

void *memset(void *to, int byte, size_t bytes)
{
	u8 *t = to;

	while (bytes--)
		*t++ = byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const u8 *x = a, *y = b;

	for (; bytes; bytes--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

/* Calls of every shape: by register, by memory, recursive, with many arguments. */
static u32 ackermann(u32 m, u32 n)
{
	return !m ? n + 1 : !n ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static u32 mix(u32 a, u32 b, u32 c, u32 d, u32 e, u32 f, u32 g)
{
	return ((a * 3 + b) ^ (c << 5 | c >> 27)) + (d & e) - (f | g);
}

static u32 (*volatile by_pointer)(u32, u32, u32, u32, u32, u32, u32) = mix;

static u32 by_case(u32 v)
{
	switch (v & 15) {
	case 0: return v * 7;
	case 1: return v ^ 0x55;
	case 2: return v + (v >> 3);
	case 3: return v / 3;
	case 4: return v % 7;
	case 5: return ~v;
	case 6: return v << 4;
	case 7: return (u32)((s32)v >> 3);
	case 8: return v | 0x1000;
	case 9: return v & 0xff0;
	default: return v - 9;
	}
}

static void functions(void)
{
	u32 i, v = 12345;
	u8 bytes[64], copy[64];

	add(ackermann(2, 7));
	for (i = 0; i < 300; i++) {
		v = v * 1103515245u + 12345u;
		v ^= by_case(v >> 7);
		v += by_pointer(v, i, v >> 3, i * 5, v ^ i, 77, v << 2);
		bytes[i & 63] = v >> 11;
		memmove(copy, bytes, 64);
		add(v + memcmp(copy, bytes + (i & 7), 32));
	}
}
#else
static int by_value(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static void functions(void)
{
	char text[512], other[512], *end;
	u32 numbers[64], i, v = 12345;
	wchar_t wide[64];
	double d;

	for (i = 0; i < 64; i++) {
		v = v * 1103515245u + 12345u;
		numbers[i] = v;
	}
	qsort(numbers, 64, sizeof(*numbers), by_value);
	for (i = 0; i < 64; i++)
		add(numbers[i]);
	for (i = 0; i < 24; i++) {
		snprintf(text, sizeof(text), "%d %8.3f %-20s|%x %lld %g %c %05u %p", (int)i - 7,
			 i * 1.37, "a string", i * 77777, (long long)i << 40, i / 7.0,
			 'a' + (int)i, i * i, (void *)(size_t)i);
		add_text(text);
		add(strlen(text));
		d = strtod(text + 3, &end);
		add((u64)(s64)(d * 1000));
		add(end - text);
		strcpy(other, text);
		strcat(other, "needle in it");
		add(strstr(other, "needle") - other);
		add(strspn(other, "0123456789 -.") + strcspn(other, "|"));
		add(strcasecmp(text, other) + 3);
		add(memchr(other, '|', sizeof(other)) != NULL);
		memmove(other + 3, other, 200);
		add(strtoul("0x1234abcd", &end, 0) + strtol("-77", NULL, 10));
		add((u64)(s64)(sin(i) * 1e6) + (u64)(s64)(exp(i / 9.0) * 1e3) + (u64)(s64)(pow(1.1, i) * 1e3));
		mbstowcs(wide, "abc", 4);
		add(wcslen(wide));
		add(toupper('a' + (int)i) + isspace(text[i]));
		for (end = strtok(text, " |"); end; end = strtok(NULL, " |"))
			add_text(end);
	}
}
#endif

static void work(void)
{
	functions();
	machine();
}

/*
 * The tracer has mapped nothing: the place is a section of ours, put there by
 * the linker (-Wl,--section-start=.place=0x10000000), writable and executable.
 */
static u8 place[PLACE_BYTES] __attribute__((section(".place,\"awx\",@nobits#"), used));

int main(void)
{
	told = (struct told *)place;
	told->text = (u64)(unsigned long)__executable_start;
	told->text_end = (u64)(unsigned long)etext;
	told->last = (u64)(unsigned long)last_breakpoint;
	__asm__ __volatile__("int3" : : : "memory");
	work();
	__asm__ __volatile__(".globl last_breakpoint\nlast_breakpoint: int3" : : : "memory");
	return 0;
}

#ifdef FREESTANDING
__attribute__((noreturn, used)) static void begin(void)
{
	main();
	for (;;)
		__asm__ __volatile__("int $0x80" : : "a" (1), "b" (0) : "memory");
}

__asm__(".globl _start\n_start: and $-16, %esp\ncall begin");
#endif
