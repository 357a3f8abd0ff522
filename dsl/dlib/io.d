/*
 * fds[]: the open files of the current process, by descriptor.
 *
 * Members whose value it takes a walk through directories to find are not here (d_path() makes it); their use is an error that
 * names them. A descriptor that is not open has no name, no file system, an offset and flags of 0.
 */

typedef struct fileinfo {
	string fi_name;
	string fi_dirname;
	string fi_fs;
	int64_t fi_offset;
	int fi_oflags;
} fileinfo_t;

translator fileinfo_t < struct file *F > {
	fi_name = F == NULL ? "<none>" : stringof(F->f_path.dentry->d_name.name);
	fi_dirname = F == NULL ? "<none>" : stringof(F->f_path.dentry->d_parent->d_name.name);
	fi_fs = F == NULL ? "<none>" : stringof(F->f_inode->i_sb->s_type->name);
	fi_offset = F == NULL ? 0 : F->f_pos;
	fi_oflags = F == NULL ? 0 : (int)F->f_flags;
};

inline fileinfo_t fds[int fd] = xlate <fileinfo_t> (
	fd < 0 || fd >= curthread->files->fdt->max_fds ? (struct file *)NULL : curthread->files->fdt->fd[fd]);
