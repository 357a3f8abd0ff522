// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * types.c - this kernel's types, for programs that follow pointers through them.
 *
 * Compiled for its type information alone, never linked: typedata.S carries that
 * into the module, and user space asks for it where the kernel has none of its
 * own. A compiler that can't write BTF (gcc before 12) leaves it empty, and
 * scripts declare what they need. What is named here brings all that it leads to.
 */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/fdtable.h>
#include <linux/mm_types.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/rwsem.h>
#include <linux/skbuff.h>
#include <net/sock.h>

#define DT_STRUCTS(X)							\
	X(task_struct) X(cred) X(pid) X(nsproxy) X(pt_regs)		\
	X(file) X(inode) X(dentry) X(super_block) X(vfsmount) X(path)	\
	X(fs_struct) X(files_struct) X(fdtable)				\
	X(mm_struct) X(vm_area_struct) X(page)				\
	X(mutex) X(rw_semaphore) X(sk_buff) X(sock)

#define X(name) struct name *dt_struct_##name;
DT_STRUCTS(X)
#undef X

/*
 * Functions whose arguments have types then. What is only declared is in no type
 * information, so each is there as a pointer to one like it. They are as old as
 * the kernels that this is for; newer ones have types of their own.
 */
#define DT_FUNCTIONS(X)							\
	X(vfs_read) X(vfs_write) X(vfs_readv) X(vfs_writev) X(filp_close) \
	X(dput) X(iput) X(wake_up_process) X(kfree_skb)

#ifndef CONFIG_DEBUG_INFO_BTF
#define X(name) __typeof__(name) *dt_function_##name;
DT_FUNCTIONS(X)
#undef X
#endif
