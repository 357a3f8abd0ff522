//! Subroutines that walk the kernel's own structures: names of files, open files, ancestors, locks, arguments. Where a member
//! lies stands in `Caps`, from the kernel's type information.

use super::LowerError;
use super::fun::{FaultAddr, Fun};
use super::op::{Code, Val};
use super::string::StrSub;
use super::var::Mem;
use crate::asm::Label;
use crate::caps::PathOffsets;
use crate::isa::{Alu, Cond, R, Size};
use crate::service::Service;
use dsl::dif::{Fault, Subr};

/// Linux's PATH_MAX.
const PATH_MAX: i32 = 4096;
/// The longest component (NAME_MAX).
pub(super) const NAME_MAX: i32 = 255;
/// Components and mounts of a path, where the verifier goes through the loop as often as it can run.
const STEPS: i32 = 128;
/// The same where it need not.
const MANY_STEPS: i32 = 2048;
/// Ancestors of a process, likewise.
const FOREBEARS: i32 = 256;

/// Work area of `d_path`: what it is at, then room for a component before the text, then the text.
pub(super) mod work {
    pub const DENTRY: i16 = 0;
    pub const MNT: i16 = 8;
    pub const ROOT_DENTRY: i16 = 16;
    pub const ROOT_MNT: i16 = 24;
    /// Where the text begins by now.
    pub const POS: i16 = 32;
    pub const T: i16 = 40;
    pub const U: i16 = 48;
    pub const V: i16 = 56;
    pub const PATH: i16 = 64;
    pub const WHAT: i16 = 72;
    pub const TEXT: i16 = 80 + 256;
    pub const BYTES: u32 = TEXT as u32 + 4096 + 8;
}

/// Second argument of `d_path`: where the file system is mounted that the file is on.
const MOUNT_POINT: i32 = 1;

/// What names files of file systems that have no tree (<linux/magic.h>).
const PIPEFS: i32 = 0x5049_5045;
const SOCKFS: i32 = 0x534f_434b;
const ANON_INODES: i32 = 0x0904_1934;

/// Hardware types of addresses (<linux/if_arp.h>), and how many bytes they have.
const LINKS: [(i32, u64); 2] = [(1, 6), (32, 20)];

impl Fun<'_, '_> {
    fn no_types(&self, what: &str) -> LowerError {
        self.err(format!(
            "{what} needs the layout of the kernel's structures, which this kernel has no type information for"
        ))
    }

    /// `d_path(path[, what])`
    pub(super) fn d_path(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        rd: usize,
    ) -> Result<(), LowerError> {
        if self.cx.caps.offsets.path.is_none() {
            return Err(self.no_types("d_path()"));
        }
        let path = self.arg_val(c, at, 0)?;
        let what = match self.has_arg(c, at, 1) {
            true => self.arg_val(c, at, 1)?,
            false => Val::Const(0),
        };
        let work = self.scratch(work::BYTES);
        let out = self.new_string(c, at);
        self.load_num(path, R::R1)?;
        self.load_num(what, R::R4)?;
        self.scratch_ptr(R::R2, out);
        self.scratch_ptr(R::R3, work);
        self.call_str(StrSub::DPath);
        let addr = self.fault_addr(path);
        let fault = self.fault(Fault::BadAddr, addr, 4 * at as i32);
        self.jmp(Cond::Ne, R::R0, 0, fault);
        self.unname(rd);
        Ok(())
    }

    /// So many bytes at r3 into the work area at r7; zeros where they can't be read.
    fn peek(&mut self, to: i16, bytes: u32) -> Result<(), LowerError> {
        self.asm.mov(R::R1, R::R7);
        self.asm.alu(Alu::Add, R::R1, i32::from(to));
        self.asm.imm(R::R2, u64::from(bytes));
        self.call(Service::ProbeReadKernel)
    }

    /// The pointer that is a member of what `from` points to.
    fn follow(&mut self, from: i16, member: u32, to: i16) -> Result<(), LowerError> {
        self.asm.ldx(Size::D, R::R3, R::R7, from);
        self.asm.alu(Alu::Add, R::R3, member as i32);
        let pointer = self.cx.caps.pointer;
        if pointer < 8 {
            self.asm.st(Size::D, R::R7, to, 0);
        }
        self.peek(to, pointer)
    }

    /// r1, r2 = two places of the work area.
    fn both(&mut self, a: i16, b: i16) {
        self.asm.ldx(Size::D, R::R1, R::R7, a);
        self.asm.ldx(Size::D, R::R2, R::R7, b);
    }

    /// (r1 = path, r2 = out, r3 = work, r4 = what) -> 0, or 1 where there is no path at that address.
    ///
    /// As the kernel's own function of that name: from the file up to the root of its process, from mount to mount; the
    /// text grows towards its beginning.
    pub(super) fn sub_dpath(&mut self) -> Result<(), LowerError> {
        use work::*;
        let Some(o) = self.cx.caps.offsets.path else {
            return Err(self.no_types("d_path()"));
        };
        let strsize = self.cx.opts.strsize;
        let last = PATH_MAX - 1;
        let [bad, whole, linked, rootless, orphan, root, give] = [(); 7].map(|()| self.asm.label());
        let a = &mut self.asm;
        a.mov(R::R7, R::R3);
        a.mov(R::R8, R::R2);
        a.stx(Size::D, R::R7, PATH, R::R1);
        a.stx(Size::D, R::R7, WHAT, R::R4);
        a.st(Size::D, R::R7, POS, last);
        a.st(Size::B, R::R7, TEXT + last as i16, 0);
        a.st(Size::D, R::R7, ROOT_DENTRY, 0);
        a.st(Size::D, R::R7, ROOT_MNT, 0);
        self.follow(PATH, o.path_mnt, MNT)?;
        self.asm.jmp(Cond::Ne, R::R0, 0, bad);
        self.follow(PATH, o.path_dentry, DENTRY)?;
        self.asm.jmp(Cond::Ne, R::R0, 0, bad);
        self.both(MNT, DENTRY);
        self.asm.jmp(Cond::Eq, R::R2, 0, bad);
        self.asm.ldx(Size::D, R::R4, R::R7, WHAT);
        self.asm.jmp(Cond::Ne, R::R4, MOUNT_POINT, whole);
        self.follow(MNT, o.vfsmount_root, DENTRY)?;
        self.asm.bind(whole);
        // What has been removed is not in its directory any more.
        self.follow(DENTRY, o.dentry_parent, T)?;
        self.follow(DENTRY, o.dentry_pprev, U)?;
        self.both(T, DENTRY);
        self.asm.jmp(Cond::Eq, R::R1, R::R2, linked);
        self.asm.ldx(Size::D, R::R1, R::R7, U);
        self.asm.jmp(Cond::Ne, R::R1, 0, linked);
        self.before_text(b" (deleted)", give);
        self.asm.bind(linked);
        self.asm.ldx(Size::D, R::R4, R::R7, WHAT);
        self.asm.jmp(Cond::Ne, R::R4, 0, rootless);
        self.call(Service::GetCurrentTask)?;
        self.asm.stx(Size::D, R::R7, T, R::R0);
        self.follow(T, o.task_fs, T)?;
        self.asm.ldx(Size::D, R::R1, R::R7, T);
        self.asm.jmp(Cond::Eq, R::R1, 0, rootless);
        self.follow(T, o.fs_root + o.path_mnt, ROOT_MNT)?;
        self.follow(T, o.fs_root + o.path_dentry, ROOT_DENTRY)?;
        self.asm.bind(rootless);
        let mut failed = Ok(());
        let steps = match self.cx.caps.may_goto {
            true => MANY_STEPS,
            false => STEPS,
        };
        self.each(steps, 1, |f, next| {
            failed = f.dpath_step(o, next, [orphan, root, give]);
        });
        failed?;
        self.asm.ja(give);
        self.asm.bind(orphan);
        self.dpath_orphan(o, give)?;
        self.asm.bind(root);
        // The root itself has nothing but its slash.
        self.asm.ldx(Size::D, R::R1, R::R7, POS);
        self.asm.jmp(Cond::Gt, R::R1, last, give);
        self.text_ptr(R::R2, R::R1);
        self.asm.ldx(Size::B, R::R3, R::R2, 0);
        self.asm.jmp(Cond::Eq, R::R3, i32::from(b'/'), give);
        self.before_text(b"/", give);
        self.asm.bind(give);
        let inside = self.asm.label();
        self.asm.ldx(Size::D, R::R1, R::R7, POS);
        self.asm.jmp(Cond::Le, R::R1, last, inside);
        // Longer than any path: its end.
        self.asm.imm(R::R1, 0);
        self.asm.bind(inside);
        self.text_ptr(R::R3, R::R1);
        self.asm.mov(R::R1, R::R8);
        self.asm.imm(R::R2, u64::from(strsize));
        self.call(Service::ProbeReadKernelStr)?;
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        self.asm.bind(bad);
        self.asm.imm(R::R0, 1);
        self.asm.exit();
        Ok(())
    }

    /// Pointer into the text, at a position that is known to be one.
    fn text_ptr(&mut self, dst: R, pos: R) {
        self.asm.mov(dst, R::R7);
        self.asm.alu(Alu::Add, dst, i32::from(work::TEXT));
        self.asm.alu(Alu::Add, dst, pos);
    }

    /// Puts a constant before the text. There is always room: that for a component is not used up.
    fn before_text(&mut self, s: &[u8], give: crate::asm::Label) {
        self.asm.ldx(Size::D, R::R1, R::R7, work::POS);
        self.asm.jmp(Cond::Gt, R::R1, PATH_MAX - 1, give);
        self.text_ptr(R::R2, R::R1);
        let n = s.len() as i16;
        for (k, &b) in s.iter().enumerate() {
            self.asm.st(Size::B, R::R2, k as i16 - n, i32::from(b));
        }
        self.asm.alu(Alu::Sub, R::R1, i32::from(n));
        self.asm.stx(Size::D, R::R7, work::POS, R::R1);
    }

    /// Puts the name of the present dentry before the text.
    fn before_text_name(
        &mut self,
        o: PathOffsets,
        give: crate::asm::Label,
    ) -> Result<(), LowerError> {
        use work::*;
        let fits = self.asm.label();
        self.asm.st(Size::D, R::R7, U, 0);
        self.asm.ldx(Size::D, R::R3, R::R7, DENTRY);
        self.asm.alu(Alu::Add, R::R3, o.dentry_len as i32);
        self.peek(U, 4)?;
        self.follow(DENTRY, o.dentry_name, V)?;
        self.both(POS, U);
        self.asm.jmp(Cond::Gt, R::R1, PATH_MAX - 1, give);
        self.asm.jmp(Cond::Le, R::R2, NAME_MAX, fits);
        self.asm.imm(R::R2, NAME_MAX as u64);
        self.asm.bind(fits);
        // The name may reach into the room before the text; then that was it. Offsets are counted from the room's start, so
        // that the verifier never sees a negative one.
        let room = NAME_MAX + 1;
        self.asm.alu(Alu::Add, R::R1, room);
        self.asm.alu(Alu::Sub, R::R1, R::R2);
        self.asm.mov(R::R3, R::R1);
        self.asm.alu(Alu::Sub, R::R3, room);
        self.asm.stx(Size::D, R::R7, POS, R::R3);
        self.text_ptr(R::R3, R::R1);
        self.asm.alu(Alu::Sub, R::R3, room);
        self.asm.mov(R::R1, R::R3);
        self.asm.ldx(Size::D, R::R3, R::R7, V);
        self.call(Service::ProbeReadKernel)
    }

    /// One step up.
    fn dpath_step(
        &mut self,
        o: PathOffsets,
        next: crate::asm::Label,
        [orphan, root, give]: [crate::asm::Label; 3],
    ) -> Result<(), LowerError> {
        use work::*;
        let (go, name) = (self.asm.label(), self.asm.label());
        self.both(DENTRY, ROOT_DENTRY);
        self.asm.jmp(Cond::Ne, R::R1, R::R2, go);
        self.both(MNT, ROOT_MNT);
        self.asm.jmp(Cond::Eq, R::R1, R::R2, root);
        self.asm.bind(go);
        self.follow(MNT, o.vfsmount_root, T)?;
        self.both(T, DENTRY);
        self.asm.jmp(Cond::Ne, R::R1, R::R2, name);
        // The root of what is mounted: on to where it is mounted.
        self.asm.ldx(Size::D, R::R1, R::R7, MNT);
        self.asm.alu(Alu::Sub, R::R1, o.mount_mnt as i32);
        self.asm.stx(Size::D, R::R7, V, R::R1);
        self.follow(V, o.mount_parent, T)?;
        self.both(V, T);
        self.asm.jmp(Cond::Eq, R::R1, R::R2, root);
        self.asm.jmp(Cond::Eq, R::R2, 0, root);
        self.asm.alu(Alu::Add, R::R2, o.mount_mnt as i32);
        self.asm.stx(Size::D, R::R7, MNT, R::R2);
        self.follow(V, o.mount_mountpoint, DENTRY)?;
        self.asm.ja(next);
        self.asm.bind(name);
        self.follow(DENTRY, o.dentry_parent, T)?;
        self.both(T, DENTRY);
        self.asm.jmp(Cond::Eq, R::R1, R::R2, orphan);
        self.asm.jmp(Cond::Eq, R::R1, 0, orphan);
        self.before_text_name(o, give)?;
        self.before_text(b"/", give);
        self.asm.ldx(Size::D, R::R1, R::R7, T);
        self.asm.stx(Size::D, R::R7, DENTRY, R::R1);
        Ok(())
    }

    /// A file that is in no directory: pipes and the like, by the names that the kernel makes for them.
    fn dpath_orphan(&mut self, o: PathOffsets, give: crate::asm::Label) -> Result<(), LowerError> {
        use work::*;
        let [pipe, sock, anon, pipe_text, sock_text] = [(); 5].map(|()| self.asm.label());
        self.asm.ldx(Size::D, R::R1, R::R7, POS);
        self.asm.jmp(Cond::Ne, R::R1, PATH_MAX - 1, give);
        self.follow(DENTRY, o.dentry_sb, T)?;
        self.follow(T, o.sb_magic, U)?;
        self.asm.ldx(Size::D, R::R1, R::R7, U);
        self.asm.jmp(Cond::Eq, R::R1, PIPEFS, pipe);
        self.asm.jmp(Cond::Eq, R::R1, SOCKFS, sock);
        self.asm.jmp(Cond::Eq, R::R1, ANON_INODES, anon);
        // Of the kernel's own mounts (memfd_create and the like).
        self.before_text(b" (deleted)", give);
        self.before_text_name(o, give)?;
        self.before_text(b"/", give);
        self.asm.ja(give);
        self.asm.bind(anon);
        self.before_text_name(o, give)?;
        self.before_text(b"anon_inode:", give);
        self.asm.ja(give);
        for (kind, text) in [(pipe, pipe_text), (sock, sock_text)] {
            self.asm.bind(kind);
            self.before_text(b"]", give);
            self.follow(DENTRY, o.dentry_inode, T)?;
            self.follow(T, o.inode_ino, U)?;
            self.each(20, 1, |f, _| {
                f.asm.ldx(Size::D, R::R1, R::R7, U);
                f.asm.mov(R::R2, R::R1);
                f.asm.alu(Alu::Div, R::R1, 10);
                f.asm.alu(Alu::Mod, R::R2, 10);
                f.asm.alu(Alu::Add, R::R2, i32::from(b'0'));
                f.asm.stx(Size::D, R::R7, U, R::R1);
                f.asm.ldx(Size::D, R::R4, R::R7, POS);
                f.asm.jmp(Cond::Gt, R::R4, PATH_MAX - 1, give);
                f.text_ptr(R::R3, R::R4);
                f.asm.stx(Size::B, R::R3, -1, R::R2);
                f.asm.alu(Alu::Sub, R::R4, 1);
                f.asm.stx(Size::D, R::R7, POS, R::R4);
                f.asm.jmp(Cond::Eq, R::R1, 0, text);
            });
            self.asm.bind(text);
            self.before_text(if kind == pipe { b"pipe:[" } else { b"socket:[" }, give);
            self.asm.ja(give);
        }
        Ok(())
    }

    /// `progenyof(pid)`
    pub(super) fn progenyof(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        rd: usize,
    ) -> Result<(), LowerError> {
        let v = self.arg_val(c, at, 0)?;
        self.load_num(v, R::R1)?;
        self.call_str(StrSub::Progenyof);
        self.result_r0(c, at, rd)
    }

    /// One process nearer to the first: a jump if the task in the slot is of the process r8, or has no parent; else its parent
    /// in the slot.
    fn elder(
        &mut self,
        (task, t): (i16, i16),
        (tgid, parent): (u32, u32),
        (yes, no): (Label, Label),
    ) -> Result<(), LowerError> {
        self.asm.st(Size::D, R::R7, t, 0);
        self.asm.ldx(Size::D, R::R3, R::R7, task);
        self.asm.alu(Alu::Add, R::R3, tgid as i32);
        self.peek(t, 4)?;
        self.asm.ldx(Size::W, R::R1, R::R7, t);
        self.asm.alu32(Alu::Mov, R::R2, R::R8);
        self.asm.jmp(Cond::Eq, R::R1, R::R2, yes);
        self.follow(task, parent, t)?;
        self.both(task, t);
        self.asm.jmp(Cond::Eq, R::R1, R::R2, no);
        self.asm.jmp(Cond::Eq, R::R2, 0, no);
        self.asm.stx(Size::D, R::R7, task, R::R2);
        Ok(())
    }

    /// (r1 = pid) -> whether the current process is that one or comes from it.
    pub(super) fn sub_progenyof(&mut self) -> Result<(), LowerError> {
        let offsets = &self.cx.caps.offsets;
        let (Some(parent), Some(tgid)) = (offsets.task_real_parent, offsets.task_tgid) else {
            return Err(self.no_types("progenyof()"));
        };
        const TASK: i16 = 8;
        const T: i16 = 16;
        let (yes, no) = (self.asm.label(), self.asm.label());
        self.asm.mov(R::R7, R::R5);
        self.asm.mov(R::R8, R::R1);
        self.call(Service::GetCurrentTask)?;
        self.asm.stx(Size::D, R::R7, TASK, R::R0);
        let steps = match self.cx.caps.may_goto {
            true => MANY_STEPS,
            false => FOREBEARS,
        };
        let mut failed = Ok(());
        self.each(steps, 1, |f, _| {
            if failed.is_ok() {
                failed = f.elder((TASK, T), (tgid, parent), (yes, no));
            }
        });
        failed?;
        self.asm.bind(no);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        self.asm.bind(yes);
        self.asm.imm(R::R0, 1);
        self.asm.exit();
        Ok(())
    }

    /// r0 = the pointer at r0 plus an offset, or 0. By way of the slot.
    fn chase(&mut self, off: u32, slot: i16) -> Result<(), LowerError> {
        self.asm.mov(R::R3, R::R0);
        self.asm.alu(Alu::Add, R::R3, off as i32);
        self.asm.st(Size::D, R::FP, slot, 0);
        self.stack_ptr(R::R1, slot);
        self.asm.imm(R::R2, 8);
        self.call(Service::ProbeReadKernel)?;
        self.asm.ldx(Size::D, R::R0, R::FP, slot);
        Ok(())
    }

    /// `getf(fd)`: NULL where there is no such file.
    pub(super) fn getf(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        rd: usize,
    ) -> Result<(), LowerError> {
        let Some(o) = self.cx.caps.offsets.files else {
            return Err(self.no_types("getf()"));
        };
        let fd = self.arg_val(c, at, 0)?;
        let (slot, table, most) = (self.block(8)?, self.block(8)?, self.block(8)?);
        let done = self.asm.label();
        self.call(Service::GetCurrentTask)?;
        self.chase(o.task_files, slot)?;
        self.asm.jmp(Cond::Eq, R::R0, 0, done);
        self.chase(o.files_fdt, slot)?;
        self.asm.stx(Size::D, R::FP, table, R::R0);
        self.chase(o.fdt_max, slot)?;
        self.asm.stx(Size::D, R::FP, most, R::R0);
        self.asm.ldx(Size::D, R::R0, R::FP, table);
        self.chase(o.fdt_fd, slot)?;
        self.asm.stx(Size::D, R::FP, table, R::R0);
        self.load_num(fd, R::R1)?;
        self.asm.ldx(Size::W, R::R2, R::FP, most);
        self.asm.imm(R::R0, 0);
        self.asm.jmp(Cond::Ge, R::R1, R::R2, done);
        self.asm.ldx(Size::D, R::R0, R::FP, table);
        self.asm.alu(Alu::Lsh, R::R1, 3);
        self.asm.alu(Alu::Add, R::R0, R::R1);
        self.chase(0, slot)?;
        self.asm.bind(done);
        for b in [slot, table, most] {
            self.frame.free(b, 8);
        }
        self.result_r0(c, at, rd)
    }

    /// `mutex_…`, `rw_…`: what the lock's word says.
    pub(super) fn lock(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        rd: usize,
        s: Subr,
    ) -> Result<(), LowerError> {
        let o = &self.cx.caps.offsets;
        let member = match s {
            Subr::RwReadHeld | Subr::RwWriteHeld | Subr::RwIswriter => o.rwsem_count,
            _ => o.mutex_owner,
        };
        let Some(member) = member else {
            return Err(self.no_types(&format!("{}()", s.name())));
        };
        let v = self.arg_val(c, at, 0)?;
        let slot = self.block(8)?;
        self.load_num(v, R::R3)?;
        self.asm.alu(Alu::Add, R::R3, member as i32);
        self.stack_ptr(R::R1, slot);
        self.asm.imm(R::R2, 8);
        self.read_or_fault(Service::ProbeReadKernel, v, 4 * at as i32)?;
        let (yes, done) = (self.asm.label(), self.asm.label());
        // kernel/locking/mutex.h: the task, with three flags below. rwsem.c: bit 0 a writer holds it, bit 1 somebody waits,
        // readers counted from bit 8 on, bit 63 too many of them.
        match s {
            Subr::MutexOwner | Subr::MutexOwned => {
                if s == Subr::MutexOwned {
                    self.call(Service::GetCurrentTask)?;
                    self.asm.mov(R::R2, R::R0);
                }
                self.asm.ldx(Size::D, R::R0, R::FP, slot);
                self.asm.alu(Alu::And, R::R0, -8);
                if s == Subr::MutexOwned {
                    self.asm.jmp(Cond::Eq, R::R0, R::R2, yes);
                } else {
                    self.asm.ja(done);
                }
            }
            // Every mutex of Linux both spins and sleeps.
            Subr::MutexTypeAdaptive => self.asm.ja(yes),
            Subr::MutexTypeSpin => {}
            Subr::RwWriteHeld | Subr::RwIswriter => {
                self.asm.ldx(Size::D, R::R0, R::FP, slot);
                let bits = if s == Subr::RwIswriter { 3 } else { 1 };
                self.asm.alu(Alu::And, R::R0, bits);
                self.asm.jmp(Cond::Ne, R::R0, 0, yes);
            }
            _ => {
                let writer = self.asm.label();
                self.asm.ldx(Size::D, R::R0, R::FP, slot);
                self.asm.mov(R::R1, R::R0);
                self.asm.alu(Alu::And, R::R1, 1);
                self.asm.jmp(Cond::Ne, R::R1, 0, writer);
                self.asm.alu(Alu::Lsh, R::R0, 1);
                self.asm.alu(Alu::Rsh, R::R0, 9);
                self.asm.jmp(Cond::Ne, R::R0, 0, yes);
                self.asm.bind(writer);
            }
        }
        self.asm.imm(R::R0, 0);
        self.asm.ja(done);
        self.asm.bind(yes);
        self.asm.imm(R::R0, 1);
        self.asm.bind(done);
        self.frame.free(slot, 8);
        self.result_r0(c, at, rd)
    }

    /// `execargs` into r0, as an address: the arguments of the process with blanks between, as far as they are in memory;
    /// else its name.
    pub(super) fn execargs(&mut self) -> Result<(), LowerError> {
        let Some(o) = self.cx.caps.offsets.args else {
            return Err(self.no_types("execargs"));
        };
        let strsize = self.cx.opts.strsize;
        let out = self.scratch(strsize.max(16) + 8);
        let (slot, mm, start, n) = (
            self.block(8)?,
            self.block(8)?,
            self.block(8)?,
            self.block(8)?,
        );
        let [name, fits, done] = [(); 3].map(|()| self.asm.label());
        self.call(Service::GetCurrentTask)?;
        self.chase(o.task_mm, slot)?;
        self.asm.jmp(Cond::Eq, R::R0, 0, name);
        self.asm.stx(Size::D, R::FP, mm, R::R0);
        self.chase(o.mm_start, slot)?;
        self.asm.stx(Size::D, R::FP, start, R::R0);
        self.asm.ldx(Size::D, R::R0, R::FP, mm);
        self.chase(o.mm_end, slot)?;
        self.asm.ldx(Size::D, R::R3, R::FP, start);
        self.asm.jmp(Cond::Le, R::R0, R::R3, name);
        self.asm.alu(Alu::Sub, R::R0, R::R3);
        self.asm.jmp(Cond::Le, R::R0, strsize as i32, fits);
        self.asm.imm(R::R0, u64::from(strsize));
        self.asm.bind(fits);
        self.asm.stx(Size::D, R::FP, n, R::R0);
        self.asm.mov(R::R2, R::R0);
        self.scratch_ptr(R::R1, out);
        self.call(Service::ProbeReadUser)?;
        self.asm.jmp(Cond::Ne, R::R0, 0, name);
        self.scratch_ptr(R::R1, out);
        self.asm.ldx(Size::D, R::R2, R::FP, n);
        self.asm.imm(R::R3, u64::from(b' '));
        self.call_str(StrSub::Memstr);
        self.asm.ja(done);
        self.asm.bind(name);
        self.scratch_ptr(R::R1, out);
        self.asm.imm(R::R2, 16);
        self.call(Service::GetCurrentComm)?;
        self.asm.bind(done);
        self.scratch_ptr(R::R0, out);
        self.launder(R::R0);
        for b in [slot, mm, start, n] {
            self.frame.free(b, 8);
        }
        Ok(())
    }

    /// `memstr(mem, char, size)`
    pub(super) fn memstr(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        rd: usize,
    ) -> Result<(), LowerError> {
        let off = 4 * at as i32;
        let strsize = self.cx.opts.strsize;
        let (mem, ch) = (self.arg_val(c, at, 0)?, self.arg_val(c, at, 1)?);
        let size = self.arg_val(c, at, 2)?;
        let n = self.block(8)?;
        let done = self.asm.label();
        let full = self.fault(Fault::NoScratch, FaultAddr::Zero, off);
        self.load_num(size, R::R2)?;
        self.jmp(Cond::Gt, R::R2, strsize as i32, full);
        let out = self.new_string(c, at);
        self.load_num(size, R::R2)?;
        self.jmp(Cond::Gt, R::R2, strsize as i32, full);
        self.asm.stx(Size::D, R::FP, n, R::R2);
        let (base, o) = self.mem_at(Mem::Scratch(out), R::R1);
        self.asm.st(Size::B, base, o, 0);
        self.asm.jmp(Cond::Eq, R::R2, 0, done);
        self.load_ptr(mem, R::R3)?;
        self.scratch_ptr(R::R1, out);
        self.read_or_fault(Service::ProbeReadKernel, mem, off)?;
        self.load_num(ch, R::R3)?;
        self.asm.alu(Alu::And, R::R3, 255);
        self.scratch_ptr(R::R1, out);
        self.asm.ldx(Size::D, R::R2, R::FP, n);
        self.call_str(StrSub::Memstr);
        self.asm.bind(done);
        self.frame.free(n, 8);
        self.unname(rd);
        Ok(())
    }

    /// `link_ntop(type, address)`
    pub(super) fn link_ntop(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        rd: usize,
    ) -> Result<(), LowerError> {
        let off = 4 * at as i32;
        let (kind, v) = (self.arg_val(c, at, 0)?, self.arg_val(c, at, 1)?);
        let illop = self.fault(Fault::IllOp, FaultAddr::Zero, off);
        let n = self.block(8)?;
        let known = self.asm.label();
        self.load_num(kind, R::R1)?;
        for (number, bytes) in LINKS {
            self.asm.imm(R::R2, bytes);
            self.asm.jmp(Cond::Eq, R::R1, number, known);
        }
        self.ja(illop);
        self.asm.bind(known);
        self.reachable = true;
        self.asm.stx(Size::D, R::FP, n, R::R2);
        let most = LINKS[1].1;
        let bytes = self.scratch(most as u32);
        let tmp = self.scratch(3 * most as u32 + 4);
        self.load_ptr(v, R::R3)?;
        self.asm.ldx(Size::D, R::R2, R::FP, n);
        self.jmp(Cond::Gt, R::R2, most as i32, illop);
        self.scratch_ptr(R::R1, bytes);
        self.read_or_fault(Service::ProbeReadKernel, v, off)?;
        let out = self.new_string(c, at);
        self.scratch_ptr(R::R1, bytes);
        self.asm.ldx(Size::D, R::R2, R::FP, n);
        self.scratch_ptr(R::R3, tmp);
        self.call_str(StrSub::Link);
        self.frame.free(n, 8);
        self.text_out(tmp, out, 3 * most as u32)?;
        self.unname(rd);
        Ok(())
    }

    /// A text that a subprogram has made becomes the new string, cut where it is longer than those are.
    pub(super) fn text_out(&mut self, from: u32, to: u32, most: u32) -> Result<(), LowerError> {
        self.scratch_ptr(R::R3, from);
        self.scratch_ptr(R::R1, to);
        self.asm
            .imm(R::R2, u64::from(self.cx.opts.strsize.min(most)));
        self.call(Service::ProbeReadKernelStr)
    }
}
