//! Offsets in the kernel's structures, out of its type information.

use super::btf::Btf;
use crate::caps::{ArgsOffsets, FileOffsets, KernelOffsets, PathOffsets};

/// Fills in the offsets that few programs need: each structure takes a walk over all names of the type information.
pub fn structures(btf: Option<&Btf>, offsets: &mut KernelOffsets) {
    let of = |structure: &str, path: &str| btf.and_then(|b| b.offset(structure, path));
    let task = |path: &str| of("task_struct", path);
    let path = || {
        // Before Linux 3.3 a vfsmount was all that there is of a mount.
        let (mount, mount_mnt) = match of("mount", "mnt") {
            Some(at) => ("mount", at),
            None => ("vfsmount", 0),
        };
        Some(PathOffsets {
            path_mnt: of("path", "mnt")?,
            path_dentry: of("path", "dentry")?,
            mount_mnt,
            mount_parent: of(mount, "mnt_parent")?,
            mount_mountpoint: of(mount, "mnt_mountpoint")?,
            vfsmount_root: of("vfsmount", "mnt_root")?,
            dentry_parent: of("dentry", "d_parent")?,
            // What is in a `union { struct { u32 hash; u32 len; }; u64 hash_len; }`; newer kernels have `d_name` itself so.
            dentry_name: of("dentry", "d_name.name")?,
            dentry_len: of("dentry", "d_name.len")?,
            dentry_pprev: of("dentry", "d_hash.pprev")?,
            dentry_sb: of("dentry", "d_sb")?,
            dentry_inode: of("dentry", "d_inode")?,
            sb_magic: of("super_block", "s_magic")?,
            inode_ino: of("inode", "i_ino")?,
            task_fs: task("fs")?,
            fs_root: of("fs_struct", "root")?,
        })
    };
    let files = || {
        Some(FileOffsets {
            task_files: task("files")?,
            files_fdt: of("files_struct", "fdt")?,
            fdt_max: of("fdtable", "max_fds")?,
            fdt_fd: of("fdtable", "fd")?,
        })
    };
    let args = || {
        Some(ArgsOffsets {
            task_mm: task("mm")?,
            mm_start: of("mm_struct", "arg_start")?,
            mm_end: of("mm_struct", "arg_end")?,
        })
    };
    offsets.path = path();
    offsets.files = files();
    offsets.args = args();
    // Words of flags and a task since Linux 4.10 and 5.3; before that they meant something else.
    offsets.mutex_owner = of("mutex", "owner.counter");
    offsets.rwsem_count =
        of("rw_semaphore", "owner.counter").and_then(|_| of("rw_semaphore", "count"));
}
