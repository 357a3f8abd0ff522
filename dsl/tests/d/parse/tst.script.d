#!/usr/sbin/dtrace -s
#pragma D option quiet
#pragma D option aggsize=8m

/*
 * A script as people write them: declarations, inlines, several clauses,
 * comments everywhere.
 */
inline int THRESHOLD = 10 * 1000;	// in ns
inline string WHO[int uid] = uid == 0 ? "root" : "user";

typedef struct request {
	struct request *next;
	uint64_t start, end;
	unsigned kind:3, :5, flags:8;
	union { char name[16]; void (*fn)(int, char *); };
} request_t;

enum state { IDLE, RUNNING = 1 << 2, DONE };

uint64_t started[pid_t, string];
self request_t *req;
this int depth;
extern struct task_struct init_task;

dtrace:::BEGIN
{
	printf("%Y\n", walltimestamp);
	total = 0;
}

syscall::read*:entry, syscall::write*:entry
/ pid != $pid && arg2 > THRESHOLD / 2 /
{
	self->req = (request_t *)arg0;
	started[pid, probefunc] = timestamp;
	this->depth = stackdepth - 1;
	if (self->req->kind == RUNNING) {
		@sizes[probefunc, WHO[uid]] = lquantize(arg2, 0, 1 << 20, 1 << 10);
	} else if (self->req->flags & 0x1f) {
		++total;
	} else {
		@other = count()
	}
}

fbt:vmlinux:vfs_[rw]*:return, 4711
{
	trace(((struct file *)arg1)->f_path.dentry->d_name.name);
	x = sizeof (struct request) + offsetof(request_t, flags) * sizeof x;
	trace(xlate <psinfo_t> (curthread)->pr_pid);
	y = `jiffies, z = ext4`some_var;
	printf("%d %c\n", 'ab', '\n');
}
