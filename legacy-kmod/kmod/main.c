// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * main.c - /dev/dtrace: what user space may ask, checked.
 *
 * Caller's context: process. Every call needs CAP_SYS_ADMIN at the time of the
 * call; a descriptor that was passed on gives nothing by itself.
 */
#include <linux/init.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/slab.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <linux/capability.h>
#include "kmod.h"

/* Bytes that one call may move; larger requests are made in pieces. */
#define MOST_BYTES (4u << 20)

/* Copies of what user space sent; never read there twice. */
static void *fetch(u64 from, u64 count, u64 each)
{
	u64 bytes = count * each;
	void *copy;

	if (count > DT_MAX_DATA || bytes > 4ull * DT_MAX_DATA)
		return ERR_PTR(-E2BIG);
	copy = vmalloc(bytes ? bytes : 1);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(copy, (void __user *)(unsigned long)from, bytes)) {
		vfree(copy);
		return ERR_PTR(-EFAULT);
	}
	return copy;
}

static int give(u64 to, const void *from, u64 bytes)
{
	return copy_to_user((void __user *)(unsigned long)to, from, bytes) ? -EFAULT : 0;
}

static struct dt_map *map_of(struct dt_session *session, u32 map)
{
	if (!session->vm || map >= session->vm->map_count)
		return NULL;
	return &session->vm->maps[map];
}

static int prog_ok(struct dt_session *session, u32 prog)
{
	return session->vm && prog < session->vm->prog_count;
}

static int call_info(struct dt_session *session, void *arg)
{
	struct dt_info *info = arg;

	info->abi_version = DT_ABI_VERSION;
	info->cpus = env_cpu_count(NULL);
	info->features = (DT_REGS_HANDLERS ? DT_FEATURE_REGS : 0) |
			 (DT_PREEMPT ? DT_FEATURE_PREEMPT : 0);
	info->slot_count = dt_slot_count;
	info->slots_used = dt_sites_used();
	info->syscall_slots = DT_SYSCALL_SLOTS;
	info->modules_gone = dt_modules_gone();
	return 0;
}

static int call_load(struct dt_session *session, void *arg)
{
	struct dt_load_args *args = arg;
	struct dt_vm *vm;
	void *blob;

	if (session->vm)
		return -EALREADY;
	if (args->bytes > 4ull * DT_MAX_DATA)
		return -E2BIG;
	blob = fetch(args->blob, args->bytes, 1);
	if (IS_ERR(blob))
		return PTR_ERR(blob);
	vm = dt_load(&session->env, blob, args->bytes, &args->report);
	vfree(blob);
	if (vm)
		dt_session_loaded(session, vm);
	return args->report.error;
}

static int call_read(struct dt_session *session, void *arg)
{
	struct dt_read_args *args = arg;
	u64 done = 0, piece;
	u8 *page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	int error = page ? 0 : -ENOMEM;

	while (!error && done < args->bytes) {
		piece = PAGE_SIZE - ((args->address + done) & ~PAGE_MASK);
		if (piece > args->bytes - done)
			piece = args->bytes - done;
		error = env_read(NULL, page, args->address + done, piece, DT_SPACE_KERNEL);
		if (!error)
			error = give(args->buffer + done, page, piece);
		done += piece;
	}
	kfree(page);
	return error;
}

/* Whether there is text that may be probed. Under dt_arm_lock. */
static int check_text(u64 address, struct dt_module *module)
{
	if (address == (unsigned long)address && dt_in_modules((unsigned long)address))
		return dt_module_at((unsigned long)address, module);
	return dt_is_kernel_text(address) ? 0 : -ERANGE;
}

/* By address, and what is to happen there once for each program and kind. */
static int sites_in_order(const struct dt_site_def *defs, u32 count)
{
	u32 i, j;

	for (i = 1; i < count; i++) {
		if (defs[i].address < defs[i - 1].address)
			return -EINVAL;
		for (j = i; j && defs[j - 1].address == defs[i].address; j--)
			if (defs[j - 1].prog == defs[i].prog && defs[j - 1].kind == defs[i].kind)
				return -EEXIST;
	}
	return 0;
}

static int call_reserve(struct dt_session *session, void *arg)
{
	struct dt_reserve_args *args = arg;
	struct dt_module module = { 0 };
	u64 *addresses, *slots;
	int error;
	u32 i;

	if (args->count > dt_slot_count)
		return -E2BIG;
	addresses = fetch(args->addresses, args->count, sizeof(u64));
	if (IS_ERR(addresses))
		return PTR_ERR(addresses);
	slots = vmalloc(((u64)args->count + 1) * sizeof(u64));
	error = slots ? 0 : -ENOMEM;
	mutex_lock(&dt_arm_lock);
	for (i = 0; !error && i < args->count; i++)
		error = check_text(addresses[i], &module);
	if (!error)
		error = dt_sites_reserve(addresses, slots, args->count);
	mutex_unlock(&dt_arm_lock);
	if (!error)
		error = give(args->slots, slots, (u64)args->count * sizeof(u64));
	vfree(addresses);
	vfree(slots);
	return error;
}

static int call_sites(struct dt_session *session, void *arg)
{
	struct dt_sites_args *args = arg;
	struct dt_site_def *defs;
	int error = 0;
	u32 i;

	if (args->count > dt_slot_count)
		return -E2BIG;
	defs = fetch(args->sites, args->count, sizeof(*defs));
	if (IS_ERR(defs))
		return PTR_ERR(defs);
	for (i = 0; i < args->count && !error; i++)
		if (!prog_ok(session, defs[i].prog))
			error = -EBADF;
	if (!error)
		error = sites_in_order(defs, args->count);
	if (!error) {
		mutex_lock(&dt_arm_lock);
		dt_stay_loaded();
		error = dt_sites_arm(session, defs, args->count, args->modules_gone,
				     &args->armed);
		mutex_unlock(&dt_arm_lock);
	}
	if (!error)
		error = give(args->sites, defs, (u64)args->count * sizeof(*defs));
	vfree(defs);
	return error;
}

static int call_syscalls(struct dt_session *session, void *arg)
{
	struct dt_syscalls_args *args = arg;
	struct dt_syscall_def *defs;
	int error = 0;
	u32 i;

	if (args->count > 4 * DT_TABLES * DT_SYSCALL_SLOTS)
		return -E2BIG;
	defs = fetch(args->defs, args->count, sizeof(*defs));
	if (IS_ERR(defs))
		return PTR_ERR(defs);
	for (i = 0; i < args->count && !error; i++)
		if (!prog_ok(session, defs[i].prog))
			error = -EBADF;
	if (!error) {
		mutex_lock(&dt_arm_lock);
		dt_stay_loaded();
		error = dt_syscalls_arm(session, args, defs);
		mutex_unlock(&dt_arm_lock);
	}
	vfree(defs);
	return error;
}

static int call_timer(struct dt_session *session, void *arg)
{
	struct dt_timer_args *args = arg;

	return prog_ok(session, args->prog) ? dt_timer_add(session, args) : -EBADF;
}

static int call_run(struct dt_session *session, void *arg)
{
	struct dt_run_args *args = arg;
	struct dt_outcome outcome;
	struct dt_firing firing;
	unsigned long flags;
	u64 nothing[8] = { 0 };

	if (!prog_ok(session, args->prog))
		return -EBADF;
	firing.context = nothing;
	firing.context_bytes = sizeof(nothing);
	firing.cookie = 0;
	firing.ip = 0;
	/* the guard: what this run calls must not fire */
	raw_local_irq_save(flags);
	dt_cpus[raw_smp_processor_id()].busy = 1;
	dt_run_prog(session->vm, args->prog, &firing, &outcome);
	dt_cpus[raw_smp_processor_id()].busy = 0;
	raw_local_irq_restore(flags);
	args->value = outcome.value;
	args->code = outcome.code;
	return 0;
}

static int call_word(struct dt_session *session, void *arg)
{
	struct dt_word_args *args = arg;
	struct dt_map *map = map_of(session, args->map);

	if (!map || map->type != DT_MAP_ARRAY || map->max_entries != 1)
		return -EBADF;
	if ((args->offset & 3) || args->offset > map->value_bytes ||
	    map->value_bytes - args->offset < 4)
		return -ERANGE;
	args->old = env_cmpxchg32(map->values + args->offset, args->expect, args->value);
	return 0;
}

static int call_walk(struct dt_session *session, void *arg)
{
	struct dt_walk_args *args = arg;
	struct dt_map *map = map_of(session, args->map);
	u64 entry, key_room, room = args->bytes, used = 0;
	u8 *element, *packed, *buffer;
	int error = 0;
	u32 i;

	if (!map || map->type == DT_MAP_RING)
		return -EBADF;
	key_room = (map->key_bytes + 7) & ~7u;
	entry = key_room + (u64)map->stride * map->copies;
	if (room > MOST_BYTES)
		room = MOST_BYTES;
	if (room < entry)
		return -ENOSPC;
	/* one element as map.c gives it, then all as we give them */
	buffer = vmalloc(entry + room);
	if (!buffer)
		return -ENOMEM;
	memset(buffer, 0, entry + room);
	element = buffer;
	packed = buffer + entry;
	args->count = 0;
	while (room - used >= entry) {
		s64 found = dt_map_at(map, args->next, packed + used, element);

		if (found < 0) {
			args->next = DT_NOWHERE;
			break;
		}
		args->next++;
		if (!found)
			continue;
		for (i = 0; i < map->copies; i++)
			memcpy(packed + used + key_room + (u64)i * map->stride,
			       element + (u64)i * map->value_bytes, map->value_bytes);
		used += entry;
		args->count++;
	}
	error = give(args->buffer, packed, used);
	vfree(buffer);
	return error;
}

static int call_map(struct dt_session *session, void *arg)
{
	struct dt_map_args *args = arg;
	struct dt_map *map = map_of(session, args->map);
	u8 *key, *value = NULL;
	s64 error;

	if (!map || map->type == DT_MAP_RING)
		return -EBADF;
	key = fetch(args->key, 1, map->key_bytes);
	if (IS_ERR(key))
		return PTR_ERR(key);
	if (args->op == DT_MAP_DELETE) {
		error = dt_map_delete(map, key);
	} else if (args->op == DT_MAP_SET) {
		value = fetch(args->value, 1, map->value_bytes);
		if (IS_ERR(value)) {
			vfree(key);
			return PTR_ERR(value);
		}
		error = dt_map_fill(map, key, value);
		vfree(value);
	} else {
		error = -EINVAL;
	}
	vfree(key);
	return error;
}

static int call_stats(struct dt_session *session, void *arg)
{
	dt_stats_take(arg);
	return 0;
}

static int call_audit(struct dt_session *session, void *arg)
{
	return dt_audit(arg);
}

static int call_offsets(struct dt_session *session, void *arg)
{
	struct dt_offsets *offsets = arg;

	offsets->real_parent = offsetof(struct task_struct, real_parent);
	offsets->tgid = offsetof(struct task_struct, tgid);
	offsets->start_time = DT_START_TIME;
	offsets->sum_exec_runtime = offsetof(struct task_struct, se.sum_exec_runtime);
	return 0;
}

/* typedata.S */
extern const u8 dt_types[], dt_types_end[];

static int call_types(struct dt_session *session, void *arg)
{
	struct dt_types_args *args = arg;
	u64 room = args->bytes;

	args->bytes = dt_types_end - dt_types;
	return args->bytes <= room ? give(args->buffer, dt_types, args->bytes) : 0;
}

static int call_module(struct dt_session *session, void *arg)
{
	struct dt_module_args *args = arg;
	struct dt_module module = { 0 };
	int error = -ERANGE;

	if (args->address != (unsigned long)args->address)
		return error;
	mutex_lock(&dt_arm_lock);
	error = dt_module_at((unsigned long)args->address, &module);
	mutex_unlock(&dt_arm_lock);
	args->text = module.text;
	args->text_bytes = module.text_bytes;
	args->fixups = module.fixups;
	args->fixup_bytes = module.fixup_bytes;
	return error;
}

static int call_stop(struct dt_session *session, void *arg)
{
	dt_session_detach(session);
	return 0;
}

/* The calls, once each. */
static const struct {
	u32 number;
	int (*call)(struct dt_session *session, void *arg);
} calls[] = {
	{ DT_IOC_INFO, call_info },
	{ DT_IOC_LOAD, call_load },
	{ DT_IOC_READ, call_read },
	{ DT_IOC_RESERVE, call_reserve },
	{ DT_IOC_SITES, call_sites },
	{ DT_IOC_SYSCALLS, call_syscalls },
	{ DT_IOC_TIMER, call_timer },
	{ DT_IOC_RUN, call_run },
	{ DT_IOC_WORD, call_word },
	{ DT_IOC_WALK, call_walk },
	{ DT_IOC_MAP, call_map },
	{ DT_IOC_STATS, call_stats },
	{ DT_IOC_STOP, call_stop },
	{ DT_IOC_AUDIT, call_audit },
	{ DT_IOC_OFFSETS, call_offsets },
	{ DT_IOC_TYPES, call_types },
	{ DT_IOC_MODULE, call_module },
};

static long on_ioctl(struct file *file, unsigned int number, unsigned long where)
{
	struct dt_session *session = file->private_data;
	u64 arg[10] = { 0 };
	u32 i, bytes = _IOC_SIZE(number);
	long error;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (_IOC_NR(calls[i].number) == _IOC_NR(number))
			break;
	if (i == ARRAY_SIZE(calls) || _IOC_TYPE(number) != _IOC_TYPE(calls[i].number))
		return -ENOTTY;
	if (calls[i].number != number)
		return -EMSGSIZE;
	if ((_IOC_DIR(number) & _IOC_WRITE) && copy_from_user(arg, (void __user *)where, bytes))
		return -EFAULT;
	mutex_lock(&session->lock);
	error = calls[i].call(session, arg);
	mutex_unlock(&session->lock);
	/* of a refusal too: the report of an image is in it */
	if ((_IOC_DIR(number) & _IOC_READ) && copy_to_user((void __user *)where, arg, bytes))
		error = -EFAULT;
	return error;
}

/*
 * Shows the rings of a map. The session's lock is not to be had here: who has
 * it may be waiting, at an address of user space, for the lock that our caller
 * holds. What is loaded is there until the last mapping is gone.
 */
static int on_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long number = vma->vm_pgoff >> (32 - PAGE_SHIFT);
	unsigned long first = vma->vm_pgoff - (number << (32 - PAGE_SHIFT));
	unsigned long pages = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
	struct dt_session *session = file->private_data;
	struct dt_vm *vm = env_read_once(session->vm);
	struct dt_map *map;
	u64 writable;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!vm || number >= vm->map_count)
		return -EBADF;
	map = &vm->maps[number];
	if (map->type != DT_MAP_RING)
		return -EBADF;
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	writable = DT_RING_PART(vm->cpu_count * sizeof(*map->consumed)) >> PAGE_SHIFT;
	if (first + pages > writable) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		dt_vm_flags(vma, 0, VM_MAYWRITE);
	}
	dt_vm_flags(vma, VM_DONTCOPY | VM_DONTEXPAND, 0);
	return remap_vmalloc_range(vma, map->consumed, first);
}

static int on_open(struct inode *inode, struct file *file)
{
	struct dt_session *session;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	session = kzalloc(sizeof(*session), GFP_KERNEL);
	if (!session)
		return -ENOMEM;
	mutex_init(&session->lock);
	dt_session_enter(session);
	file->private_data = session;
	return 0;
}

/* The last descriptor of an enabling is gone, however that came. */
static int on_release(struct inode *inode, struct file *file)
{
	struct dt_session *session = file->private_data;

	dt_session_detach(session);
	dt_session_leave(session);
	dt_unload(session->vm);
	kfree(session);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = on_open,
	.release = on_release,
	.unlocked_ioctl = on_ioctl,
	.compat_ioctl = on_ioctl,
	.mmap = on_mmap,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dtrace",
	.fops = &operations,
	.mode = 0600,
};

/*
 * A task that was preempted in a thunk or a slot would come back to nothing:
 * where that can be, what was armed once stays. Under dt_arm_lock.
 */
void dt_stay_loaded(void)
{
	static int staying;

	if (!DT_PREEMPT || staying)
		return;
	staying = 1;
	__module_get(THIS_MODULE);
	printk(KERN_INFO "dtrace: this kernel is preemptible: the module stays loaded from now on\n");
}

static int dt_init(void)
{
	int error;

	BUILD_BUG_ON(sizeof(struct dt_site_def) != 64);
	BUILD_BUG_ON(sizeof(struct dt_stats) > sizeof(u64[10]));
	dt_env_init();
	error = dt_systrace_init();
	if (error)
		return error;
	error = dt_int3_init();
	if (error)
		goto no_int3;
	error = dt_modules_init();
	if (error)
		goto no_modules;
	error = misc_register(&device);
	if (!error) {
		dt_stats_init();
		return 0;
	}
	dt_modules_exit();
no_modules:
	dt_int3_exit();
no_int3:
	dt_systrace_exit();
	return error;
}

static void dt_exit(void)
{
	dt_stats_exit();
	misc_deregister(&device);
	dt_modules_exit();
	dt_systrace_exit();
	dt_int3_exit();
}

module_init(dt_init);
module_exit(dt_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("D programs on kernels without eBPF");
