// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * load.c - work for a kernel under test, every result checked.
 *
 * Usage: load <test> <count>, the tests being the table at the end.
 * Exit status 0: all was as it must be. 1: it was not, and one line says what.
 *
 * The same program for 64 and for 32 bits; no library (sys.h).
 */
#include "sys.h"

void *memset(void *to, int byte, ulong count)
{
	u8 *at = to;

	while (count--)
		*at++ = byte;
	return to;
}

void *memcpy(void *to, const void *from, ulong count)
{
	u8 *at = to;
	const u8 *of = from;

	while (count--)
		*at++ = *of++;
	return to;
}

static const char *self, *test_name;

static ulong length(const char *text)
{
	ulong n = 0;

	while (text[n])
		n++;
	return n;
}

static void say(const char *text)
{
	SYS(write, 2, text, length(text), 0);
}

static void say_number(long value)
{
	char text[24], *at = text + sizeof(text);
	ulong rest = value < 0 ? -(ulong)value : (ulong)value;

	*--at = 0;
	do
		*--at = '0' + rest % 10;
	while (rest /= 10);
	if (value < 0)
		*--at = '-';
	say(at);
}

static void fail(const char *what, long got, long want)
{
	say("load: ");
	say(test_name);
	say(": ");
	say(what);
	say(": ");
	say_number(got);
	say(", not ");
	say_number(want);
	say("\n");
	SYS(exit_group, 1, 0, 0, 0);
}

#define CHECK(what, got, want)					\
	do {							\
		long got_ = (long)(got), want_ = (long)(want);	\
		if (got_ != want_)				\
			fail(what, got_, want_);		\
	} while (0)

static void reap(const char *what, long pid, int code)
{
	int status = -1;

	CHECK(what, SYS(wait4, pid, &status, 0, 0), pid);
	CHECK(what, status, code << 8);
}

static u8 alternate[16384] __attribute__((aligned(16)));

static void on_signal(int number, void (*handler)(int, void *, void *), ulong flags)
{
	struct action action;

	memset(&action, 0, sizeof(action));
	action.handler = handler;
	action.flags = flags | SA_SIGINFO | SA_RESTORER;
	action.restorer = restore;
	CHECK("rt_sigaction", SYS(rt_sigaction, number, &action, 0, 8), 0);
}

static void use_alternate(void)
{
	struct alt_stack stack = { alternate, 0, sizeof(alternate) }, old;

	CHECK("sigaltstack", SYS(sigaltstack, &stack, 0, 0, 0), 0);
	CHECK("sigaltstack asked", SYS(sigaltstack, 0, &old, 0, 0), 0);
	CHECK("alternate stack", old.base, alternate);
}

static void tick(long us)
{
	struct span timer[2] = { { 0, us }, { 0, us } };

	CHECK("setitimer", SYS(setitimer, 0, timer, 0, 0), 0);
}

/* ---- processes ---------------------------------------------------------- */

/* Twenty at a time, made in turn by fork, clone and vfork. */
static void forks(long count)
{
	enum { BATCH = 20 };
	long pids[BATCH], parent = SYS(getpid, 0, 0, 0, 0), done, i, n;

	for (done = 0; done < count; done += n) {
		n = count - done < BATCH ? count - done : BATCH;
		for (i = 0; i < n; i++) {
			int code = ((done + i) * 7 + 3) & 0x7f;
			long pid;

			switch ((done + i) % 3) {
			case 0:
				pid = SYS(fork, 0, 0, 0, 0);
				break;
			case 1:
				pid = SYS(clone, SIGCHLD, 0, 0, 0);
				break;
			default:
				/* the child has our stack until it is gone: it only leaves */
				pid = SYS(vfork, 0, 0, 0, 0);
				if (!pid)
					SYS(exit, code, 0, 0, 0);
			}
			if (!pid) {
				if (SYS(getppid, 0, 0, 0, 0) != parent)
					SYS(exit, 0x7f, 0, 0, 0);
				SYS(exit, code, 0, 0, 0);
			}
			if (pid <= 0)
				fail("a new process", pid, 1);
			pids[i] = pid;
		}
		for (i = 0; i < n; i++)
			reap("a child", pids[i], ((done + i) * 7 + 3) & 0x7f);
	}
}

static void execs(long count)
{
	char code[4] = "000";
	const char *argv[] = { self, "exit", code, 0 };
	const char *envp[] = { 0 };
	long i, pid;

	for (i = 0; i < count; i++) {
		int want = i % 100;

		code[1] = '0' + want / 10;
		code[2] = '0' + want % 10;
		pid = SYS(vfork, 0, 0, 0, 0);
		if (!pid) {
			SYS(execve, self, argv, envp, 0);
			SYS(exit, 126, 0, 0, 0);
		}
		reap("a program", pid, want);
	}
}

static void leave(long code)
{
	SYS(exit_group, code, 0, 0, 0);
}

enum { THREADS = 64, STACK = 8192 };
static u8 stacks[THREADS][STACK] __attribute__((aligned(16)));
static int cleared[THREADS];
static int work, wrong;

static void thread(void)
{
	long id = SYS(gettid, 0, 0, 0, 0), i;

	for (i = 0; i < 20; i++) {
		if (SYS(gettid, 0, 0, 0, 0) != id)
			__sync_fetch_and_add(&wrong, 1);
		__sync_fetch_and_add(&work, 1);
		SYS(sched_yield, 0, 0, 0, 0);
	}
	SYS(exit, 0, 0, 0, 0);
}

/* VM FS FILES SIGHAND THREAD SYSVSEM PARENT_SETTID CHILD_CLEARTID */
#define THREAD_FLAGS 0x00350f00ul

static void threads(long count)
{
	long round, i;

	for (round = 0; round < count; round++) {
		work = wrong = 0;
		for (i = 0; i < THREADS; i++) {
			int tid = 0;
			long got;

			cleared[i] = -1;
			got = start_thread(THREAD_FLAGS, stacks[i] + STACK - 16, &tid, &cleared[i],
					   thread);
			CHECK("a new thread", got, tid);
			if (got <= 0)
				fail("a new thread", got, 1);
		}
		for (i = 0; i < THREADS; i++) {
			int seen;

			while ((seen = *(volatile int *)&cleared[i]))
				SYS(futex, &cleared[i], 0, seen, 0);
		}
		CHECK("threads' work", work, THREADS * 20);
		CHECK("threads' ids", wrong, 0);
	}
}

/* ---- signals ------------------------------------------------------------ */

static volatile long taken, elsewhere;
static int fds[2];

static void count_signal(int number, void *info, void *context)
{
	u8 here;

	(void)info;
	(void)context;
	taken++;
	if (number == SIGUSR1 && (&here < alternate || &here >= alternate + sizeof(alternate)))
		elsewhere++;
}

static void write_one(int number, void *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	taken++;
	SYS(write, fds[1], "x", 1, 0);
}

static void signals(long count)
{
	long pid = SYS(getpid, 0, 0, 0, 0), i, got;
	char byte;

	use_alternate();
	CHECK("pipe", SYS(pipe, fds, 0, 0, 0), 0);
	on_signal(SIGUSR1, count_signal, SA_ONSTACK);
	for (i = 0; i < count; i++) {
		CHECK("kill with registers kept", keep_registers(NR_kill, pid, SIGUSR1), 0);
		CHECK("tgkill", SYS(tgkill, pid, pid, SIGUSR1, 0), 0);
		CHECK("signals taken", taken, 2 * (i + 1));
		CHECK("getpid with registers kept", keep_registers(NR_getpid, 0, 0), pid);
		got = SYS(iopl, 0, 0, 0, 0);
		if (got != -ENOSYS)
			CHECK("iopl", got, 0);
	}
	CHECK("handlers on another stack", elsewhere, 0);
	/* calls that a signal ends, and calls that go on after it */
	for (i = 0; i < count / 50 + 1; i++) {
		on_signal(SIGALRM, count_signal, SA_ONSTACK);
		tick(2000);
		CHECK("an interrupted read", SYS(read, fds[0], &byte, 1, 0), -EINTR);
		tick(0);
		taken = 0;
		on_signal(SIGALRM, write_one, SA_ONSTACK | SA_RESTART);
		tick(2000);
		CHECK("a restarted read", SYS(read, fds[0], &byte, 1, 0), 1);
		tick(0);
		/* what later ticks wrote */
		for (got = taken; got > 1; got--)
			CHECK("a late byte", SYS(read, fds[0], &byte, 1, 0), 1);
	}
	SYS(close, fds[0], 0, 0, 0);
	SYS(close, fds[1], 0, 0, 0);
}

/* ---- memory ------------------------------------------------------------- */

enum { PAGE = 4096, PAGES = 32 };
static u8 *region;

static void allow(int number, void *info, void *context)
{
	/* siginfo: number, error, code, (a gap,) address */
	ulong address = ((ulong *)info)[sizeof(ulong) == 8 ? 2 : 3];

	(void)number;
	(void)context;
	taken++;
	if (address < (ulong)region || address >= (ulong)region + PAGES * PAGE)
		fail("a fault elsewhere", address, (long)region);
	CHECK("mprotect", SYS(mprotect, address & ~(PAGE - 1ul), PAGE, 3, 0), 0);
}

static void faults(long count)
{
	long i, page, pid;

	use_alternate();
	on_signal(SIGSEGV, allow, SA_ONSTACK);
	for (i = 0; i < count; i++) {
		region = (u8 *)sys6(NR_mmap, 0, PAGES * PAGE, 0, 0x22, -1, 0);
		if ((ulong)region > -4096ul)
			fail("mmap", (long)region, 0);
		taken = 0;
		for (page = 0; page < PAGES; page++)
			*(volatile u8 *)(region + page * PAGE + i % PAGE) = page + i;
		CHECK("faults taken", taken, PAGES);
		/* a copy on write, in a child */
		pid = SYS(fork, 0, 0, 0, 0);
		if (!pid) {
			for (page = 0; page < PAGES; page++)
				region[page * PAGE + i % PAGE] ^= 0xff;
			SYS(exit, region[i % PAGE] == (u8)~i ? 5 : 6, 0, 0, 0);
		}
		reap("a child that writes", pid, 5);
		for (page = 0; page < PAGES; page++)
			CHECK("a page", region[page * PAGE + i % PAGE], (u8)(page + i));
		CHECK("munmap", SYS(munmap, region, PAGES * PAGE, 0, 0), 0);
	}
}

/* ---- time and waiting ---------------------------------------------------- */

static void timers(long count)
{
	struct span span = { 0, 3000000 }, left;
	long i, got;

	use_alternate();
	on_signal(SIGALRM, count_signal, SA_ONSTACK);
	tick(1000);
	for (i = 0; i < count; i++) {
		got = SYS(nanosleep, &span, &left, 0, 0);
		if (got != 0)
			CHECK("nanosleep", got, -EINTR);
	}
	tick(0);
	if (!taken)
		fail("ticks", taken, 1);
}

/* Nothing but the cheapest call, in thousands: what it takes is for who measures. */
static void calls(long count)
{
	long i, parent = SYS(getppid, 0, 0, 0, 0);

	for (i = 0; i < count * 1000; i++)
		CHECK("getppid", SYS(getppid, 0, 0, 0, 0), parent);
}

static void pipes(long count)
{
	int to[2], from[2];
	long pid, i;
	u8 byte;

	CHECK("pipe", SYS(pipe, to, 0, 0, 0), 0);
	CHECK("pipe", SYS(pipe, from, 0, 0, 0), 0);
	pid = SYS(fork, 0, 0, 0, 0);
	if (!pid) {
		for (i = 0; i < count; i++) {
			CHECK("a read", SYS(read, to[0], &byte, 1, 0), 1);
			byte++;
			CHECK("a write", SYS(write, from[1], &byte, 1, 0), 1);
		}
		SYS(exit, 9, 0, 0, 0);
	}
	for (i = 0; i < count; i++) {
		byte = i;
		CHECK("a write", SYS(write, to[1], &byte, 1, 0), 1);
		CHECK("a read", SYS(read, from[0], &byte, 1, 0), 1);
		CHECK("an answer", byte, (u8)(i + 1));
	}
	reap("the other end", pid, 9);
	SYS(close, to[0], 0, 0, 0);
	SYS(close, to[1], 0, 0, 0);
	SYS(close, from[0], 0, 0, 0);
	SYS(close, from[1], 0, 0, 0);
}

/* All of it in a few processes at once. */
static void mixed(long count);

/* ---- sleepers: calls that are under way while what traced them goes -------- */

enum { SLEEPERS = 5 };

static void sleeper(long which, int fd)
{
	struct span span = { 4, 0 };
	struct { int fd; short events, got; } poll = { fd, 1, 0 };
	static int word;
	long pid;
	u8 byte;

	switch (which) {
	case 0:
		CHECK("a long read", SYS(read, fd, &byte, 1, 0), 1);
		break;
	case 1:
		CHECK("a long sleep", SYS(nanosleep, &span, 0, 0, 0), 0);
		break;
	case 2:
		CHECK("a long poll", SYS(poll, &poll, 1, -1, 0), 1);
		break;
	case 3:
		/* a stub's call: the parent sleeps in it until the child is gone */
		pid = SYS(vfork, 0, 0, 0, 0);
		if (!pid) {
			SYS(nanosleep, &span, 0, 0, 0);
			SYS(exit, 11, 0, 0, 0);
		}
		reap("a slow child", pid, 11);
		break;
	default:
		CHECK("a long futex", SYS(futex, &word, 0, 0, &span), -ETIMEDOUT);
	}
	SYS(exit, 20 + which, 0, 0, 0);
}

/* Says "asleep" on stdout; a byte on stdin wakes those that wait for one. */
static void sleepers(long count)
{
	long pids[SLEEPERS], i;
	struct span settle = { 0, 500000000 };
	u8 byte;

	(void)count;
	CHECK("pipe", SYS(pipe, fds, 0, 0, 0), 0);
	for (i = 0; i < SLEEPERS; i++) {
		pids[i] = SYS(fork, 0, 0, 0, 0);
		if (!pids[i])
			sleeper(i, fds[0]);
	}
	SYS(nanosleep, &settle, 0, 0, 0);
	SYS(write, 1, "asleep\n", 7, 0);
	SYS(read, 0, &byte, 1, 0);
	/* one for the reader, one for who polls and does not read */
	SYS(write, fds[1], "xx", 2, 0);
	for (i = 0; i < SLEEPERS; i++)
		reap("a sleeper", pids[i], 20 + i);
}

/* ------------------------------------------------------------------------- */

/* The tests, once each. */
static const struct test {
	const char *name;
	void (*run)(long count);
	long part;	/* of mixed: so much of its count; 0: none */
} tests[] = {
	{ "forks", forks, 10 },
	{ "execs", execs, 3 },
	{ "threads", threads, 1 },
	{ "signals", signals, 20 },
	{ "faults", faults, 2 },
	{ "timers", timers, 5 },
	{ "pipes", pipes, 20 },
	{ "mixed", mixed, 0 },
	{ "sleepers", sleepers, 0 },
	{ "calls", calls, 0 },
	{ "exit", leave, 0 },
};

enum { TESTS = sizeof(tests) / sizeof(tests[0]) };

static void mixed(long count)
{
	long pids[TESTS], i;

	for (i = 0; i < TESTS; i++) {
		pids[i] = tests[i].part ? SYS(fork, 0, 0, 0, 0) : -1;
		if (!pids[i]) {
			test_name = tests[i].name;
			taken = 0;
			tests[i].run(tests[i].part * count);
			SYS(exit_group, 0, 0, 0, 0);
		}
	}
	for (i = 0; i < TESTS; i++)
		if (pids[i] > 0)
			reap(tests[i].name, pids[i], 0);
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

void begin(ulong *stack);
void begin(ulong *stack)
{
	const char **argv = (const char **)(stack + 1);
	const char *digit;
	long count = 0, i;

	self = argv[0];
	test_name = "usage";
	if (stack[0] != 3)
		fail("arguments", stack[0] - 1, 2);
	for (digit = argv[2]; *digit >= '0' && *digit <= '9'; digit++)
		count = count * 10 + (*digit - '0');
	for (i = 0; i < TESTS; i++)
		if (same(argv[1], tests[i].name)) {
			test_name = tests[i].name;
			tests[i].run(count);
			SYS(exit_group, 0, 0, 0, 0);
		}
	fail("no such test, the first letter being", argv[1][0], 0);
}
