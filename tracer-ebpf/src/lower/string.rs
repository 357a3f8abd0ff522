//! Strings: copying them into place, comparing them. The subprograms that loop over them are in `strsub.rs`.

use super::LowerError;
use super::flow::Sv;
use super::fun::Fun;
use super::op::{Code, Opnd, Val};
use super::var::Mem;
use crate::isa::{Alu, Cond, R, Size};
use crate::service::Service;
use dsl::dif::{Insn, Op};

/// Strings up to this size are copied and compared word by word, inline.
const INLINE: u32 = 64;

/// Subprograms on strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum StrSub {
    /// (a, b) -> −1, 0, 1.
    Strcmp,
    /// (s, c) -> offset or −1.
    Strchr,
    Strrchr,
    /// (s, sub, work, pos) -> offset or −1.
    Strstr,
    Index,
    IndexAt,
    Rindex,
    /// (sub, work): what those need first, where it is a subprogram of its own.
    SearchTable,
    /// (s, out).
    Basename,
    Dirname,
    Toupper,
    Tolower,
    Cleanpath,
    /// (value, base, 72 bytes) -> where the text begins.
    Lltostr,
    /// (s, base) -> number.
    Strtoll,
    /// (state, delims, set, out) -> whether there is a token.
    Strtok,
    /// (address as in memory, out).
    Inet4,
    /// (16 bytes, out).
    Inet6,
    /// (bytes, how many, out).
    Link,
    /// (memory, bytes, character).
    Memstr,
    /// (text, path, work) -> whether there is such an element.
    Json,
    /// Their rounds, where those are subprograms of their own.
    JsonRound,
    CleanpathRound,
    /// (path, out, work, what) -> 0, or 1 where there is none.
    DPath,
    /// (pid) -> whether.
    Progenyof,
}

/// What a subprogram on strings takes in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    /// Pointer to a place in the scratch.
    Place,
    /// Number.
    Number,
}

impl StrSub {
    /// r1, r2, …
    pub fn args(self) -> &'static [Arg] {
        use Arg::{Number, Place};
        match self {
            StrSub::Strcmp
            | StrSub::SearchTable
            | StrSub::Basename
            | StrSub::Dirname
            | StrSub::Toupper
            | StrSub::Tolower
            | StrSub::Cleanpath
            | StrSub::CleanpathRound
            | StrSub::Inet6 => &[Place, Place],
            StrSub::Strchr | StrSub::Strrchr | StrSub::Strtoll => &[Place, Number],
            StrSub::Strstr | StrSub::Index | StrSub::IndexAt | StrSub::Rindex => {
                &[Place, Place, Place, Number]
            }
            StrSub::Lltostr => &[Number, Number, Place],
            StrSub::Strtok => &[Place, Place, Place, Place],
            StrSub::Inet4 => &[Number, Place],
            StrSub::Link => &[Place, Number, Place],
            StrSub::Memstr => &[Place, Number, Number],
            StrSub::Json | StrSub::JsonRound => &[Place, Place, Place],
            StrSub::DPath => &[Number, Place, Place, Number],
            StrSub::Progenyof => &[Number],
        }
    }
}

/// Where a string argument lies, NUL-terminated within `strsize`, readable by words.
#[derive(Clone, Copy, Debug)]
pub enum StrPlace {
    /// Scratch.
    Scratch(u32),
    /// Rodata.
    Const(u32),
}

impl<'a, 'b> Fun<'a, 'b> {
    /// Zeroes memory.
    pub fn zero(&mut self, place: Mem, bytes: u32) -> Result<(), LowerError> {
        if bytes <= INLINE {
            let (base, o) = self.mem_at(place, R::R1);
            let mut k = 0;
            while k < bytes {
                let size = match bytes - k {
                    8.. => Size::D,
                    4.. => Size::W,
                    2.. => Size::H,
                    _ => Size::B,
                };
                self.asm.st(size, base, o + k as i16, 0);
                k += size.bytes();
            }
            return Ok(());
        }
        self.clobber()?;
        let zeros = self.cx.zeros(bytes);
        self.mem_ptr(R::R1, place);
        self.asm.imm(R::R2, u64::from(bytes));
        self.asm.map_value(R::R3, zeros, 0);
        self.call(Service::ProbeReadKernel)
    }

    /// Bytes that a string value takes at most, NUL included.
    pub fn string_room(&mut self, v: Val) -> u32 {
        let max = self.cx.opts.strsize;
        match v {
            Val::Str(_, len) => (len + 1).min(max),
            Val::Comm => 16.min(max),
            Val::Probe(p) => self.probe_room(p).min(max),
            Val::Const(_) | Val::Buf(..) | Val::Builtin(_) | Val::Rt(_) => max,
        }
    }

    /// Copies a string to a place; r0 = its length with the NUL, at most `room`. Nothing may be kept in r4, r5.
    pub fn read_string(&mut self, v: Val, to: Mem, room: u32, off: i32) -> Result<(), LowerError> {
        self.load_ptr(v, R::R3)?;
        self.mem_ptr(R::R1, to);
        self.asm.imm(R::R2, u64::from(room));
        self.read_or_fault(Service::ProbeReadKernelStr, v, off)?;
        Ok(())
    }

    /// A string as an argument of a subprogram: where it is, if it is ours and whole; else a copy.
    pub fn string_arg(&mut self, v: Val, off: i32) -> Result<StrPlace, LowerError> {
        let strsize = self.cx.opts.strsize;
        match v {
            Val::Str(at, len) if len < strsize && !self.cx.global_subs() => Ok(StrPlace::Const(at)),
            v => {
                let to = self.scratch(self.cx.string_room() + 8);
                let room = self.string_room(v);
                self.read_string(v, Mem::Scratch(to), room, off)?;
                Ok(StrPlace::Scratch(to))
            }
        }
    }

    /// Pointer to a string argument.
    pub fn place_ptr(&mut self, p: StrPlace, dst: R) {
        match p {
            StrPlace::Scratch(o) => self.scratch_ptr(dst, o),
            StrPlace::Const(o) => {
                let map = self.cx.rodata();
                self.asm.map_value(dst, map, o);
            }
        }
    }

    /// Raw bytes at an address.
    pub fn put_bytes(&mut self, v: Val, to: Mem, bytes: u32, off: i32) -> Result<(), LowerError> {
        if bytes == 0 {
            return Ok(());
        }
        self.clobber()?;
        self.load_ptr(v, R::R3)?;
        self.mem_ptr(R::R1, to);
        self.asm.imm(R::R2, u64::from(bytes));
        self.read_or_fault(Service::ProbeReadKernel, v, off)?;
        Ok(())
    }

    /// A string into `bytes` bytes (a multiple of 8) of a key, zero-padded.
    pub fn put_string(&mut self, v: Val, to: Mem, bytes: u32, off: i32) -> Result<(), LowerError> {
        self.clobber()?;
        match v {
            Val::Comm if bytes >= 16 => {
                let slot = self.comm()?;
                for k in [0, 8] {
                    self.asm.ldx(Size::D, R::R0, R::FP, slot + k);
                    let (base, o) = self.mem_at(to.plus(k as u32), R::R1);
                    self.asm.stx(Size::D, base, o, R::R0);
                }
                self.zero(to.plus(16), bytes - 16)
            }
            Val::Str(at, len) if len < INLINE && len < bytes && len < self.cx.opts.strsize => {
                let words = (len + 1).next_multiple_of(8);
                self.copy_words(to, words, |f, dst| {
                    let map = f.cx.rodata();
                    f.asm.map_value(dst, map, at);
                    Ok(())
                })?;
                self.zero(to.plus(words), bytes - words)
            }
            Val::Probe(name) => {
                let words = self.probe_room(name).next_multiple_of(8);
                if words > INLINE || words > bytes {
                    return self.put_any_string(v, to, bytes, off);
                }
                self.copy_words(to, words, |f, dst| f.probe_ptr(name, dst))?;
                self.zero(to.plus(words), bytes - words)
            }
            v => self.put_any_string(v, to, bytes, off),
        }
    }

    fn put_any_string(&mut self, v: Val, to: Mem, bytes: u32, off: i32) -> Result<(), LowerError> {
        self.zero(to, bytes)?;
        let room = self.string_room(v).min(bytes);
        self.read_string(v, to, room, off)
    }

    fn copy_words(
        &mut self,
        to: Mem,
        bytes: u32,
        ptr: impl Fn(&mut Self, R) -> Result<(), LowerError>,
    ) -> Result<(), LowerError> {
        ptr(self, R::R2)?;
        for k in (0..bytes).step_by(8) {
            self.asm.ldx(Size::D, R::R0, R::R2, k as i16);
            let (base, o) = self.mem_at(to.plus(k), R::R1);
            self.asm.stx(Size::D, base, o, R::R0);
        }
        Ok(())
    }

    // Comparison.

    /// `scmp`: a register with something that compares with 0 as the strings do with each other.
    pub fn scmp(&mut self, c: &Code<'_>, at: usize, i: Insn) -> Result<R, LowerError> {
        let off = 4 * at as i32;
        let (a, b) = (self.reg_opnd(c, at, i.r1), self.reg_opnd(c, at, i.r2));
        self.clobber()?;
        let (mut va, mut vb) = (self.opnd_val(c, a)?, self.opnd_val(c, b)?);
        for v in [&mut va, &mut vb] {
            // NULL compares as the empty string.
            if *v == Val::Const(0) {
                *v = Val::Str(self.cx.intern(b""), 0);
            }
        }
        let equality = self.only_equality(c, at);
        let strsize = self.cx.opts.strsize;
        if equality {
            // A name whose words are at hand, with a constant.
            for (x, y) in [(va, vb), (vb, va)] {
                if let (Val::Str(_, len), Val::Comm) = (x, y)
                    && strsize >= 16
                {
                    let text = self.const_text(c, if x == va { a } else { b });
                    return self.compare_comm(c, at, &text, len);
                }
                if let (Val::Str(_, len), Val::Probe(name)) = (x, y) {
                    let room = self.probe_room(name).next_multiple_of(8);
                    if room <= INLINE && len < strsize {
                        let text = self.const_text(c, if x == va { a } else { b });
                        return self.compare_probe(c, at, &text, name, room);
                    }
                }
            }
        }
        let pa = self.scmp_arg(va, off)?;
        let pb = self.scmp_arg(vb, off)?;
        self.place_ptr(pa, R::R1);
        self.place_ptr(pb, R::R2);
        self.call_str(StrSub::Strcmp);
        let d = self.dst(c, at, super::flow::F0)?;
        self.asm.mov(d, R::R0);
        Ok(d)
    }

    fn scmp_arg(&mut self, v: Val, off: i32) -> Result<StrPlace, LowerError> {
        let (Val::Rt(_) | Val::Builtin(_)) = v else {
            return self.string_arg(v, off);
        };
        let strsize = self.cx.opts.strsize;
        let to = self.scratch(strsize + 8);
        let (null, done) = (self.asm.label(), self.asm.label());
        self.load_num(v, R::R3)?;
        self.asm.jmp(Cond::Eq, R::R3, 0, null);
        self.read_string(v, Mem::Scratch(to), strsize, off)?;
        self.asm.ja(done);
        self.asm.bind(null);
        let (base, o) = self.scratch_at(to, R::R1);
        self.asm.st(Size::D, base, o, 0);
        self.asm.bind(done);
        Ok(StrPlace::Scratch(to))
    }

    /// The bytes of a constant operand.
    fn const_text(&self, c: &Code<'_>, o: Opnd) -> Vec<u8> {
        let Opnd::Known(Sv::Str(off)) = o else {
            return Vec::new();
        };
        let rest = c.difo.strtab.get(off as usize..).unwrap_or(&[]);
        let len = rest.iter().position(|&b| b == 0).unwrap_or(rest.len());
        rest.get(..len).unwrap_or(&[]).to_vec()
    }

    /// Whether all branches that read this comparison's flags ask only for equality.
    fn only_equality(&self, c: &Code<'_>, at: usize) -> bool {
        let mask = 1u32 << super::flow::F0;
        for j in at + 1..c.flow.insns.len() {
            if c.flow.live[j] & mask == 0 {
                return true;
            }
            match c.flow.insns[j].op {
                // Where the target reads the flags as well we would have to look on there.
                Op::Be | Op::Bne if c.flow.live[c.flow.insns[j].label() as usize] & mask == 0 => {}
                Op::Be | Op::Bne => return false,
                Op::Bg
                | Op::Bgu
                | Op::Bge
                | Op::Bgeu
                | Op::Bl
                | Op::Blu
                | Op::Ble
                | Op::Bleu
                | Op::Ba => {
                    return false;
                }
                _ => {}
            }
        }
        true
    }

    fn word(text: &[u8], at: usize) -> u64 {
        (0..8).fold(0, |w, k| {
            w | u64::from(text.get(at + k).copied().unwrap_or(0)) << (8 * k)
        })
    }

    fn compare_comm(
        &mut self,
        c: &Code<'_>,
        at: usize,
        text: &[u8],
        len: u32,
    ) -> Result<R, LowerError> {
        let slot = self.comm()?;
        let d = self.dst(c, at, super::flow::F0)?;
        if len > 15 {
            self.asm.imm(d, 1);
            return Ok(d);
        }
        self.asm.ldx(Size::D, d, R::FP, slot);
        self.asm.imm(R::R1, Self::word(text, 0));
        self.asm.alu(Alu::Xor, d, R::R1);
        // Short names: the NUL ends the comparison, whatever is behind it.
        if len < 7 {
            self.asm.alu(Alu::Lsh, d, 64 - 8 * (len as i32 + 1));
        } else if len >= 8 {
            self.asm.ldx(Size::D, R::R0, R::FP, slot + 8);
            self.asm.imm(R::R1, Self::word(text, 8));
            self.asm.alu(Alu::Xor, R::R0, R::R1);
            if len < 15 {
                self.asm.alu(Alu::Lsh, R::R0, 64 - 8 * (len as i32 - 7));
            }
            self.asm.alu(Alu::Or, d, R::R0);
        }
        Ok(d)
    }

    fn compare_probe(
        &mut self,
        c: &Code<'_>,
        at: usize,
        text: &[u8],
        name: dsl::dif::BuiltinVar,
        room: u32,
    ) -> Result<R, LowerError> {
        let d = self.dst(c, at, super::flow::F0)?;
        if text.len() as u32 >= room {
            self.asm.imm(d, 1);
            return Ok(d);
        }
        self.probe_ptr(name, R::R2)?;
        self.asm.imm(d, 0);
        // Both are zero-padded: whole words compare.
        for k in (0..room).step_by(8) {
            self.asm.ldx(Size::D, R::R0, R::R2, k as i16);
            self.asm.imm(R::R1, Self::word(text, k as usize));
            self.asm.alu(Alu::Xor, R::R0, R::R1);
            self.asm.alu(Alu::Or, d, R::R0);
        }
        Ok(d)
    }
}
