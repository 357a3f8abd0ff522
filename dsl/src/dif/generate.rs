//! Random DIF that is valid by construction, for comparing engines (feature `testing`).
//!
//! A program uses only what all engines define (see [`super::interp`]): no number depends on where memory lies, an address
//! into a variable is dropped when the variable is stored to, scratch is not exhausted by accident, copies don't overlap. With
//! [`Cfg::faults`] off, no program faults; on, some do, at a definite instruction and for a definite reason.
//!
//! The numbers come from a closure, so a seed ([`super::testing::splitmix`]) or a fuzzer's bytes drive it alike. A failing program is
//! reported best as [`super::disasm::to_asm`], which [`super::asm`] reads back.

use crate::dif::interp::{is_string, scratch_size};
use crate::dif::op::{PUSH_INT, PUSH_STRING, VAR_USER};
use crate::dif::{BuiltinVar, Insn, Op, Subr, asm::intern};
use crate::program::{DifType, Difo, KeyType, Scope, VarDef};

/// What generated programs may contain. Integer arithmetic is always on.
#[derive(Clone, Debug)]
pub struct Cfg {
    /// Roughly how many operations; each is one to a dozen instructions.
    pub statements: usize,
    /// The `strsize` under which the program will run.
    pub strsize: u32,
    /// Forward branches.
    pub branches: bool,
    /// Literals and string comparison. The subroutines have their own list.
    pub strings: bool,
    /// Subroutines of [`Cfg::SUBRS`] to call.
    pub subrs: Vec<Subr>,
    /// Scopes of scalar variables.
    pub scopes: Vec<Scope>,
    /// Scopes of associative arrays (global, thread).
    pub assocs: Vec<Scope>,
    /// `allocs`, loads and stores in what it gives, `copys`.
    pub scratch: bool,
    /// Built-in variables to read; they must not fault.
    pub builtins: Vec<BuiltinVar>,
    /// Programs may fault.
    pub faults: bool,
}

impl Cfg {
    /// The subroutines that the generator knows how to call.
    pub const SUBRS: &[Subr] = &[
        Subr::Strlen,
        Subr::Strjoin,
        Subr::Substr,
        Subr::Strstr,
        Subr::Strchr,
        Subr::Strrchr,
        Subr::Index,
        Subr::Rindex,
        Subr::Basename,
        Subr::Dirname,
        Subr::Cleanpath,
        Subr::Strtok,
        Subr::Toupper,
        Subr::Tolower,
        Subr::Lltostr,
        Subr::Strtoll,
        Subr::Json,
        Subr::Htons,
        Subr::Htonl,
        Subr::Htonll,
        Subr::Ntohs,
        Subr::Ntohl,
        Subr::Ntohll,
        Subr::Getmajor,
        Subr::Getminor,
        Subr::Alloca,
        Subr::Bcopy,
        Subr::InetNtoa,
        Subr::InetNtoa6,
    ];

    /// Numbers and branches only, no faults.
    pub fn arithmetic() -> Cfg {
        Cfg {
            statements: 24,
            strsize: 256,
            branches: true,
            strings: false,
            subrs: Vec::new(),
            scopes: Vec::new(),
            assocs: Vec::new(),
            scratch: false,
            builtins: Vec::new(),
            faults: false,
        }
    }

    /// Everything.
    pub fn all() -> Cfg {
        use BuiltinVar::*;
        Cfg {
            strings: true,
            subrs: Cfg::SUBRS.to_vec(),
            scopes: vec![Scope::Global, Scope::Thread, Scope::Clause],
            assocs: vec![Scope::Global, Scope::Thread],
            scratch: true,
            builtins: vec![
                Pid, Tid, Uid, Gid, Cpu, Timestamp, Execname, Arg0, Arg1, Arg2, Probefunc, Args,
            ],
            faults: true,
            ..Cfg::arithmetic()
        }
    }
}

/// Where random numbers come from.
pub type Draw<'a> = &'a mut dyn FnMut() -> u64;

/// A program of one DIFO, and its variables.
pub fn gen_difo(draw: Draw, cfg: &Cfg) -> (Difo, Vec<VarDef>) {
    let vars = gen_vars(draw, cfg);
    let difo = gen_difo_with(draw, cfg, &vars);
    (difo, vars)
}

/// Some variables of each scope that `cfg` has; several DIFOs may share them.
pub fn gen_vars(draw: Draw, cfg: &Cfg) -> Vec<VarDef> {
    let mut vars: Vec<VarDef> = Vec::new();
    let mut add = |scope: Scope, tuple: Vec<KeyType>, ty: DifType| {
        let n = vars.len() as u16;
        vars.push(VarDef {
            id: VAR_USER + n,
            name: format!("v{n}"),
            scope,
            tuple,
            ty,
        });
    };
    for &scope in &cfg.scopes {
        add(scope, Vec::new(), int_type(draw()));
        add(scope, Vec::new(), int_type(draw()));
        if cfg.strings {
            add(scope, Vec::new(), DifType::Str);
        }
    }
    for &scope in &cfg.assocs {
        let int = KeyType::Int {
            size: 8,
            signed: true,
        };
        add(scope, vec![int], int_type(draw()));
        add(scope, vec![int, int], int_type(draw()));
        if cfg.strings {
            add(scope, vec![KeyType::Str], int_type(draw()));
            add(scope, vec![int, KeyType::Str], DifType::Str);
        }
    }
    vars
}

/// One DIFO over given variables.
pub fn gen_difo_with(draw: Draw, cfg: &Cfg, vars: &[VarDef]) -> Difo {
    let mut g = Gen {
        draw,
        cfg,
        vars,
        text: Vec::new(),
        inttab: Vec::new(),
        strtab: vec![0],
        regs: [Kind::Int; 8],
        scratch: 0,
        bufs: 0,
        rtype: DifType::Void,
    };
    g.rtype = if cfg.strings && g.below(4) == 0 {
        DifType::Str
    } else {
        int_type((g.draw)())
    };
    for _ in 0..cfg.statements {
        g.statement(0);
    }
    g.ret();
    Difo {
        text: g.text,
        inttab: g.inttab,
        strtab: g.strtab,
        rtype: g.rtype,
        spans: Vec::new(),
    }
}

fn int_type(n: u64) -> DifType {
    let size = [8, 8, 8, 4, 4, 2, 1, 8]
        .get((n % 8) as usize)
        .copied()
        .unwrap_or(8);
    DifType::Int {
        size,
        signed: n & 8 == 0,
    }
}

/// What the generator knows of a register.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A number that all engines agree on.
    Int,
    /// A string of at most `max` bytes; in the storage of `var`; perhaps NULL.
    Str {
        max: u32,
        var: Option<u16>,
        null: bool,
    },
    /// Scratch with at least `size` bytes ahead, of one allocation.
    Buf { size: u32, id: u32 },
    /// Not to be used.
    Junk,
}

impl Kind {
    fn join(self, other: Kind) -> Kind {
        match (self, other) {
            (a, b) if a == b => a,
            (
                Kind::Str { max, var, null },
                Kind::Str {
                    max: m2,
                    var: v2,
                    null: n2,
                },
            ) if var == v2 => Kind::Str {
                max: max.max(m2),
                var,
                null: null || n2,
            },
            _ => Kind::Junk,
        }
    }
}

const INTS: &[u64] = &[
    0,
    1,
    u64::MAX,
    2,
    7,
    8,
    63,
    64,
    0x7f,
    0x80,
    0xff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    i64::MAX as u64,
    i64::MIN as u64,
    i64::MIN as u64 + 1,
    0xffff_ffff_8000_0000,
];

const STRS: &[&str] = &[
    "",
    "a",
    "abc",
    "b",
    "/",
    "/usr/lib/",
    "/a//b/./c/../d",
    "hello world",
    "-42",
    "0x1fz",
    " \t77",
    "ABCxyz",
    "a,b;c",
    ",;",
    "aXbXXc",
    "{\"a\":[1,{\"b\":\"q\"}]}",
    "a[1].b",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];

/// No kernel and no process has memory there.
const BAD_ADDRS: &[u64] = &[
    0,
    8,
    0x0bad_0000_0000_0000,
    0xdead_0000_0000_0000,
    u64::MAX - 7,
];

const LOADS: &[Op] = &[
    Op::Ldsb,
    Op::Ldsh,
    Op::Ldsw,
    Op::Ldub,
    Op::Lduh,
    Op::Lduw,
    Op::Ldx,
    Op::Rldub,
    Op::Rldx,
];
const USER_LOADS: &[Op] = &[
    Op::Uldsb,
    Op::Uldsh,
    Op::Uldsw,
    Op::Uldub,
    Op::Ulduh,
    Op::Ulduw,
    Op::Uldx,
];
const STORES: &[Op] = &[Op::Stb, Op::Sth, Op::Stw, Op::Stx];
const CONDS: &[Op] = &[
    Op::Be,
    Op::Bne,
    Op::Bg,
    Op::Bgu,
    Op::Bge,
    Op::Bgeu,
    Op::Bl,
    Op::Blu,
    Op::Ble,
    Op::Bleu,
];
const ALU: &[Op] = &[
    Op::Or,
    Op::Xor,
    Op::And,
    Op::Sll,
    Op::Srl,
    Op::Sra,
    Op::Sub,
    Op::Add,
    Op::Mul,
];
const DIV: &[Op] = &[Op::Sdiv, Op::Udiv, Op::Srem, Op::Urem];

struct Gen<'a> {
    draw: Draw<'a>,
    cfg: &'a Cfg,
    vars: &'a [VarDef],
    text: Vec<u32>,
    inttab: Vec<u64>,
    strtab: Vec<u8>,
    regs: [Kind; 8],
    /// Bytes of scratch that are used at most up to here.
    scratch: usize,
    bufs: u32,
    rtype: DifType,
}

impl Gen<'_> {
    // Choosing.

    fn below(&mut self, n: u64) -> u64 {
        (self.draw)() % n.max(1)
    }
    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let n = self.below(from.len() as u64);
        from.get(n as usize).copied()
    }
    fn op(&mut self, from: &[Op]) -> Op {
        self.pick(from).unwrap_or(Op::Nop)
    }
    /// A register to overwrite; numbers and junk rather than addresses.
    fn dst(&mut self) -> u8 {
        let r = 1 + self.below(7) as u8;
        match self.kind(r) {
            Kind::Int | Kind::Junk => r,
            _ => 1 + self.below(7) as u8,
        }
    }
    /// Another register than those.
    fn dst_not(&mut self, not: &[u8]) -> u8 {
        let first = self.dst();
        (0..7)
            .map(|n| 1 + (first - 1 + n) % 7)
            .find(|r| !not.contains(r))
            .unwrap_or(first)
    }
    fn kind(&self, r: u8) -> Kind {
        self.regs.get(usize::from(r)).copied().unwrap_or(Kind::Junk)
    }
    fn set(&mut self, r: u8, kind: Kind) {
        if let Some(k) = self.regs.get_mut(usize::from(r)) {
            *k = kind;
        }
    }
    fn any(&mut self, want: impl Fn(Kind) -> bool) -> Option<u8> {
        let fit: Vec<u8> = (1..8).filter(|&r| want(self.kind(r))).collect();
        self.pick(&fit)
    }
    fn int(&mut self) -> u8 {
        if self.below(12) == 0 {
            return 0;
        }
        self.any(|k| k == Kind::Int).unwrap_or(0)
    }
    /// A string for sure; with faults on, now and then one that may be NULL.
    fn str(&mut self) -> u8 {
        let risk = self.cfg.faults && self.below(8) == 0;
        match self.any(|k| matches!(k, Kind::Str { null, .. } if risk || !null)) {
            Some(r) => r,
            None => self.literal(),
        }
    }
    fn str_max(&self, r: u8) -> u32 {
        match self.kind(r) {
            Kind::Str { max, .. } => max,
            _ => self.longest(),
        }
    }
    fn longest(&self) -> u32 {
        self.cfg.strsize.max(1) - 1
    }

    // Emitting.

    fn emit(&mut self, i: Insn) {
        self.text.push(i.encode());
    }
    fn setx_to(&mut self, v: u64, rd: u8) {
        let at = self.inttab.iter().position(|&x| x == v).unwrap_or_else(|| {
            self.inttab.push(v);
            self.inttab.len() - 1
        });
        self.emit(Insn::wide(Op::Setx, at as u16, rd));
        self.set(rd, Kind::Int);
    }
    fn sets_to(&mut self, s: &[u8], rd: u8) {
        let at = intern(&mut self.strtab, s);
        self.emit(Insn::wide(Op::Sets, at as u16, rd));
        let max = (s.len() as u32).min(self.longest());
        self.set(
            rd,
            Kind::Str {
                max,
                var: None,
                null: false,
            },
        );
    }
    fn literal(&mut self) -> u8 {
        let rd = self.dst();
        self.literal_to(rd);
        rd
    }
    fn literal_to(&mut self, rd: u8) -> usize {
        let s = if self.below(5) == 0 {
            let len = self.below(9);
            (0..len).map(|_| 1 + self.below(255) as u8).collect()
        } else {
            self.pick(STRS).unwrap_or("").as_bytes().to_vec()
        };
        self.sets_to(&s, rd);
        s.len()
    }
    fn const_int(&mut self) -> u8 {
        let rd = self.dst();
        self.const_to(rd);
        rd
    }
    fn const_to(&mut self, rd: u8) {
        let v = match self.below(4) {
            0 => (self.draw)(),
            1 => self.below(40).wrapping_sub(8),
            _ => self.pick(INTS).unwrap_or(0),
        };
        self.setx_to(v, rd);
    }
    /// Scratch for one more string result, or for `n` bytes.
    fn room(&mut self, n: u32) -> bool {
        let need = (n.max(1) as usize).next_multiple_of(8);
        let fits = self.scratch + need <= scratch_size(self.cfg.strsize);
        if fits {
            self.scratch += need;
        }
        fits
    }
    /// A branch whose target is set by [`Gen::here`].
    fn branch(&mut self, op: Op) -> usize {
        self.emit(Insn::branch(op, 0));
        self.text.len() - 1
    }
    fn here(&mut self, branch: usize) {
        let to = self.text.len() as u32;
        if let Some(word) = self.text.get_mut(branch) {
            *word |= to;
        }
    }
    fn ret(&mut self) {
        let r = match self.rtype {
            DifType::Str => self.str(),
            _ => self.int(),
        };
        self.emit(Insn::r(Op::Ret, 0, 0, r));
    }
    fn push(&mut self, r: u8, by_ref: bool) {
        self.emit(match by_ref {
            true => Insn::r(Op::Pushtr, PUSH_STRING, 0, r),
            false => Insn::r(Op::Pushtv, PUSH_INT, 0, r),
        });
    }

    // Statements.

    fn statement(&mut self, depth: u32) {
        let cfg = self.cfg;
        match self.below(17) {
            0 => drop(self.const_int()),
            1 if cfg.branches && depth < 3 => self.block(depth),
            2 if cfg.branches && depth < 3 => self.block(depth),
            3 if cfg.branches => self.boolean(),
            4 => self.div(),
            5 if cfg.strings => drop(self.literal()),
            6..=8 if !cfg.subrs.is_empty() => self.subr(),
            9 | 10 if !cfg.scopes.is_empty() => self.access(false),
            11 | 12 if !cfg.assocs.is_empty() => self.access(true),
            13 if cfg.scratch => self.memory(),
            14 if !cfg.builtins.is_empty() => self.builtin(),
            15 if cfg.faults && self.below(6) == 0 => self.fault(),
            _ => self.alu(),
        }
    }

    fn alu(&mut self) {
        if self.below(4) == 0 {
            self.const_int();
        }
        let (a, b, rd) = (self.int(), self.int(), self.dst());
        match self.below(8) {
            0 => {
                self.emit(Insn::r(Op::Not, a, 0, rd));
                self.set(rd, Kind::Int);
            }
            1 => {
                // Any register may be copied, with what is known of it.
                let from = self.below(8) as u8;
                let kind = self.kind(from);
                self.emit(Insn::r(Op::Mov, from, 0, rd));
                self.set(rd, kind);
            }
            2 => self.emit(Insn::r(Op::Nop, 0, 0, 0)),
            _ => {
                let op = self.op(ALU);
                self.emit(Insn::r(op, a, b, rd));
                self.set(rd, Kind::Int);
            }
        }
    }

    fn div(&mut self) {
        let (a, mut b) = (self.int(), self.int());
        if !self.cfg.faults || self.below(20) != 0 {
            let one = self.dst_not(&[a, b]);
            self.setx_to(1, one);
            self.emit(Insn::r(Op::Or, b, one, one));
            b = one;
        }
        let (op, rd) = (self.op(DIV), self.dst());
        self.emit(Insn::r(op, a, b, rd));
        self.set(rd, Kind::Int);
    }

    /// A comparison; gives the branch that skips what follows, and a register that is not NULL where it doesn't skip.
    fn condition(&mut self) -> (usize, Option<u8>) {
        if let Some(r) = self.any(|k| matches!(k, Kind::Str { null: true, .. }))
            && self.below(2) == 0
        {
            self.emit(Insn::r(Op::Tst, r, 0, 0));
            return (self.branch(Op::Be), Some(r));
        }
        let op = self.op(CONDS);
        match self.below(4) {
            0 => {
                let a = self.int();
                self.emit(Insn::r(Op::Tst, a, 0, 0));
            }
            1 if self.cfg.strings => {
                // NULL is all right here.
                let a = self.any(|k| matches!(k, Kind::Str { .. })).unwrap_or(0);
                let b = self.str();
                let a = if matches!(self.kind(a), Kind::Str { .. }) {
                    a
                } else {
                    0
                };
                self.emit(Insn::r(Op::Scmp, a, b, 0));
            }
            _ => {
                let (a, b) = (self.int(), self.int());
                self.emit(Insn::r(Op::Cmp, a, b, 0));
            }
        }
        (self.branch(op), None)
    }

    /// `if`, with or without `else`.
    fn block(&mut self, depth: u32) {
        let (skip, safe) = self.condition();
        let before = self.regs;
        if let Some(r) = safe
            && let Kind::Str { max, var, .. } = self.kind(r)
        {
            self.set(
                r,
                Kind::Str {
                    max,
                    var,
                    null: false,
                },
            );
        }
        for _ in 0..=self.below(3) {
            self.statement(depth + 1);
        }
        match self.below(8) {
            0 => {
                self.ret();
                self.here(skip);
                self.regs = before;
            }
            1..=3 => {
                let end = self.branch(Op::Ba);
                self.here(skip);
                let then = std::mem::replace(&mut self.regs, before);
                for _ in 0..=self.below(3) {
                    self.statement(depth + 1);
                }
                self.here(end);
                self.join(then);
            }
            _ => {
                self.here(skip);
                self.join(before);
            }
        }
    }

    fn join(&mut self, other: [Kind; 8]) {
        for (kind, other) in self.regs.iter_mut().zip(other) {
            *kind = kind.join(other);
        }
    }

    /// A comparison made a number, as `a < b` is compiled.
    fn boolean(&mut self) {
        let rd = self.dst();
        let (yes, _) = self.condition();
        self.emit(Insn::r(Op::Mov, 0, 0, rd));
        let end = self.branch(Op::Ba);
        self.here(yes);
        self.setx_to(1, rd);
        self.here(end);
        self.set(rd, Kind::Int);
    }

    fn builtin(&mut self) {
        let Some(var) = self.pick(&self.cfg.builtins) else {
            return;
        };
        let rd = self.dst();
        if (var as u16) < 0x100 {
            let index = self.below(10);
            self.setx_to(index, rd);
            self.emit(Insn::r(Op::Ldga, var as u16 as u8, rd, rd));
        } else {
            self.emit(Insn::wide(Op::Ldgs, var as u16, rd));
        }
        let max = self.longest();
        let kind = if is_string(var) {
            Kind::Str {
                max,
                var: None,
                null: false,
            }
        } else {
            Kind::Int
        };
        self.set(rd, kind);
    }

    /// Load or store of a variable or an element.
    fn access(&mut self, assoc: bool) {
        let fit: Vec<&VarDef> = self
            .vars
            .iter()
            .filter(|v| v.tuple.is_empty() != assoc)
            .collect();
        let Some(var) = self.pick(&fit) else { return };
        let store = self.below(2) == 0;
        // All registers are chosen before the first push, as making one may use the tuple stack or branch.
        let keys: Vec<(u8, bool)> = {
            let mut keys = Vec::new();
            for key in &var.tuple {
                let by_ref = *key == KeyType::Str;
                keys.push((if by_ref { self.str() } else { self.int() }, by_ref));
            }
            keys
        };
        let by_ref = var.ty == DifType::Str;
        let value = match store {
            true if by_ref && self.below(6) == 0 => 0,
            true if by_ref => self.str(),
            true => self.int(),
            false => self.dst(),
        };
        // A register made after a key may be the key's own: then the key is of another kind now.
        let still = |g: &Self, r: u8, by_ref: bool| match g.kind(r) {
            Kind::Int => !by_ref,
            Kind::Str { null, .. } => by_ref && (!null || g.cfg.faults),
            _ => false,
        };
        if !keys.iter().all(|&(r, by_ref)| still(self, r, by_ref)) {
            return;
        }
        if assoc {
            self.emit(Insn::r(Op::Flushts, 0, 0, 0));
            for (r, by_ref) in keys {
                self.push(r, by_ref);
            }
        }
        let op = match (store, var.scope, assoc) {
            (false, Scope::Global, false) => Op::Ldgs,
            (false, Scope::Thread, false) => Op::Ldts,
            (false, Scope::Clause, _) => Op::Ldls,
            (true, Scope::Global, false) => Op::Stgs,
            (true, Scope::Thread, false) => Op::Stts,
            (true, Scope::Clause, _) => Op::Stls,
            (false, Scope::Global, true) => Op::Ldgaa,
            (false, Scope::Thread, true) => Op::Ldtaa,
            (true, Scope::Global, true) => Op::Stgaa,
            (true, Scope::Thread, true) => Op::Sttaa,
        };
        self.emit(Insn::wide(op, var.id, value));
        if store {
            for kind in &mut self.regs {
                if matches!(kind, Kind::Str { var: Some(id), .. } if *id == var.id) {
                    *kind = Kind::Junk;
                }
            }
        } else if by_ref {
            let max = self.longest();
            self.set(
                value,
                Kind::Str {
                    max,
                    var: Some(var.id),
                    null: true,
                },
            );
        } else {
            self.set(value, Kind::Int);
        }
    }

    /// Allocates, or uses what is allocated.
    fn memory(&mut self) {
        let Some(buf) = self.any(|k| matches!(k, Kind::Buf { .. })) else {
            let size = 8 * (1 + self.below(8) as u32);
            if self.room(size) {
                let rd = self.dst();
                self.setx_to(u64::from(size), rd);
                self.emit(Insn::r(Op::Allocs, rd, 0, rd));
                self.new_buf(rd, size);
            }
            return;
        };
        let Kind::Buf { size, id } = self.kind(buf) else {
            return;
        };
        match self.below(8) {
            0 => {
                // A register further on, by a constant or by a small number.
                let rd = self.dst_not(&[buf]);
                let off = self.below(u64::from(size)) as u32;
                let max = if size > 8 && self.below(2) == 0 {
                    let n = self.int();
                    self.setx_to(7, rd);
                    self.emit(Insn::r(Op::And, n, rd, rd));
                    7
                } else {
                    self.setx_to(u64::from(off), rd);
                    off
                };
                self.emit(Insn::r(Op::Add, buf, rd, rd));
                self.set(
                    rd,
                    Kind::Buf {
                        size: size - max,
                        id,
                    },
                );
            }
            1..=3 => {
                let (op, value) = (self.op(STORES), self.int());
                if access_size(op) <= size {
                    self.emit(Insn::r(op, value, 0, buf));
                }
            }
            4 | 5 => {
                let (op, rd) = (self.op(LOADS), self.dst());
                if access_size(op) <= size {
                    self.emit(Insn::r(op, buf, 0, rd));
                    self.set(rd, Kind::Int);
                }
            }
            6 => {
                let src = self.dst_not(&[buf]);
                let len = self.literal_to(src) as u32 + 1;
                self.copys(src, buf, len.min(size));
            }
            _ => {
                let other = self.any(|k| matches!(k, Kind::Buf { id: o, .. } if o != id));
                if let Some(src) = other
                    && let Kind::Buf { size: avail, .. } = self.kind(src)
                {
                    self.copys(src, buf, avail.min(size));
                }
            }
        }
    }

    fn copys(&mut self, src: u8, dst: u8, most: u32) {
        let n = self.below(u64::from(most) + 1);
        let size = self.dst_not(&[src, dst]);
        self.setx_to(n, size);
        self.emit(Insn::r(Op::Copys, src, size, dst));
    }

    fn new_buf(&mut self, rd: u8, size: u32) {
        self.bufs += 1;
        self.set(
            rd,
            Kind::Buf {
                size,
                id: self.bufs,
            },
        );
    }

    /// Calls a subroutine: arguments are made first, then pushed in one run.
    fn subr(&mut self) {
        let Some(subr) = self.pick(&self.cfg.subrs) else {
            return;
        };
        let longest = self.longest();
        use Subr::*;
        match subr {
            Htons | Htonl | Htonll | Ntohs | Ntohl | Ntohll | Getmajor | Getminor => {
                let a = self.int();
                self.call(subr, &[(a, false)], Kind::Int);
            }
            Strlen => {
                let s = self.str();
                self.call(subr, &[(s, true)], Kind::Int);
            }
            Strtoll => {
                let s = self.str();
                let base = self.base(s);
                self.call(subr, &opt2((s, true), base), Kind::Int);
            }
            Lltostr => {
                let n = self.int();
                let base = self.base(n);
                let max = longest.min(65);
                self.call_str(subr, &opt2((n, false), base), max, false);
            }
            Basename | Dirname | Cleanpath | Toupper | Tolower => {
                let s = self.str();
                let max = self.str_max(s).max(1).min(longest);
                self.call_str(subr, &[(s, true)], max, false);
            }
            Substr => {
                let s = self.str();
                let idx = self.small(&[s]);
                let len = self.below(2) == 0;
                let max = self.str_max(s);
                if len {
                    let n = self.small(&[s, idx]);
                    self.call_str(subr, &[(s, true), (idx, false), (n, false)], max, false);
                } else {
                    self.call_str(subr, &[(s, true), (idx, false)], max, false);
                }
            }
            Strjoin => {
                let (a, b) = self.two_strs();
                let max = self.str_max(a) + self.str_max(b);
                if max <= longest || self.cfg.faults {
                    self.call_str(subr, &[(a, true), (b, true)], max.min(longest), false);
                }
            }
            Json => {
                let (a, b) = self.two_strs();
                let max = self.str_max(a);
                self.call_str(subr, &[(a, true), (b, true)], max, true);
            }
            Strtok => {
                let (a, b) = self.two_strs();
                let first = if self.below(2) == 0 {
                    (0, false)
                } else {
                    (a, true)
                };
                self.call_str(subr, &[first, (b, true)], longest, true);
            }
            Strstr => {
                let (a, b) = self.two_strs();
                let kind = self.inside(a);
                self.call(subr, &[(a, true), (b, true)], kind);
            }
            Strchr | Strrchr => {
                let s = self.str();
                let c = self.dst_not(&[s]);
                let ch = self.pick(b"abX/,;\0x").unwrap_or(b'a');
                self.setx_to(u64::from(ch), c);
                let kind = self.inside(s);
                self.call(subr, &[(s, true), (c, false)], kind);
            }
            Index | Rindex => {
                let (a, b) = self.two_strs();
                if self.below(2) == 0 {
                    let pos = self.small(&[a, b]);
                    self.call(subr, &[(a, true), (b, true), (pos, false)], Kind::Int);
                } else {
                    self.call(subr, &[(a, true), (b, true)], Kind::Int);
                }
            }
            Alloca => {
                let size = 8 * (1 + self.below(8) as u32);
                if self.room(size) {
                    let n = self.dst();
                    self.setx_to(u64::from(size), n);
                    let rd = self.call(subr, &[(n, false)], Kind::Junk);
                    self.new_buf(rd, size);
                }
            }
            Bcopy => {
                let Some(dst) = self.any(|k| matches!(k, Kind::Buf { .. })) else {
                    return;
                };
                let Kind::Buf { size, .. } = self.kind(dst) else {
                    return;
                };
                let src = self.dst_not(&[dst]);
                let len = self.literal_to(src) as u32 + 1;
                let n = self.below(u64::from(len.min(size)) + 1);
                let r = self.dst_not(&[src, dst]);
                self.setx_to(n, r);
                self.call(subr, &[(src, false), (dst, false), (r, false)], Kind::Int);
            }
            InetNtoa | InetNtoa6 => {
                let need = if subr == InetNtoa { 4 } else { 16 };
                let buf = self.any(|k| matches!(k, Kind::Buf { size, .. } if size >= need));
                if let Some(buf) = buf {
                    self.call_str(subr, &[(buf, false)], longest.min(45), false);
                }
            }
            _ => {}
        }
    }

    /// An address inside the string in `r`, or NULL.
    fn inside(&self, r: u8) -> Kind {
        match self.kind(r) {
            Kind::Str { max, var, .. } => Kind::Str {
                max,
                var,
                null: true,
            },
            _ => Kind::Junk,
        }
    }

    fn two_strs(&mut self) -> (u8, u8) {
        let a = self.str();
        let b = self.dst_not(&[a]);
        match self.any(|k| matches!(k, Kind::Str { null: false, .. })) {
            Some(b) if self.below(2) == 0 => (a, b),
            _ => {
                self.literal_to(b);
                (a, b)
            }
        }
    }

    /// An index or length: mostly near what strings have.
    fn small(&mut self, not: &[u8]) -> u8 {
        if self.below(4) == 0 {
            return self.int();
        }
        let rd = self.dst_not(not);
        if self.below(6) == 0 {
            self.const_to(rd);
        } else {
            let v = self.below(24).wrapping_sub(8);
            self.setx_to(v, rd);
        }
        rd
    }

    /// A base for number conversions, or none; a wrong one only if faults are allowed.
    fn base(&mut self, not: u8) -> Option<u8> {
        if self.below(2) == 0 {
            return None;
        }
        let rd = self.dst_not(&[not]);
        let base = match self.below(12) {
            0 if self.cfg.faults => self.pick(&[0, 1, 37, u64::MAX]).unwrap_or(0),
            1..=4 => 16,
            5..=7 => 8,
            _ => 2 + self.below(35),
        };
        self.setx_to(base, rd);
        Some(rd)
    }

    fn call(&mut self, subr: Subr, args: &[(u8, bool)], result: Kind) -> u8 {
        self.emit(Insn::r(Op::Flushts, 0, 0, 0));
        for &(r, by_ref) in args {
            self.push(r, by_ref);
        }
        if self.below(16) == 0 {
            self.push(0, false);
            self.emit(Insn::r(Op::Popts, 0, 0, 0));
        }
        let rd = self.dst();
        self.emit(Insn::wide(Op::Call, subr as u16, rd));
        self.set(rd, result);
        rd
    }

    fn call_str(&mut self, subr: Subr, args: &[(u8, bool)], max: u32, null: bool) {
        if self.room(self.cfg.strsize) {
            self.call(
                subr,
                args,
                Kind::Str {
                    max,
                    var: None,
                    null,
                },
            );
        }
    }

    /// Something that faults, on most paths.
    fn fault(&mut self) {
        let skip = match self.cfg.branches && self.below(2) == 0 {
            true => Some(self.condition().0),
            false => None,
        };
        let before = self.regs;
        let rd = self.dst();
        let addr = self.pick(BAD_ADDRS).unwrap_or(0);
        match self.below(9) {
            0 | 1 => {
                let op = self.op(LOADS);
                self.setx_to(addr, rd);
                self.emit(Insn::r(op, rd, 0, rd));
            }
            2 => {
                let op = self.op(USER_LOADS);
                self.setx_to(addr, rd);
                self.emit(Insn::r(op, rd, 0, rd));
            }
            3 => {
                let op = self.op(STORES);
                self.setx_to(addr, rd);
                self.emit(Insn::r(op, 0, 0, rd));
            }
            4 => {
                let (op, a) = (self.op(DIV), self.int());
                self.emit(Insn::r(op, a, 0, rd));
            }
            5 if self.cfg.subrs.contains(&Subr::Strlen) => {
                self.setx_to(addr, rd);
                self.call(Subr::Strlen, &[(rd, true)], Kind::Int);
            }
            6 => {
                self.emit(Insn::r(Op::Flushts, 0, 0, 0));
                for _ in 0..9 {
                    self.push(0, false);
                }
            }
            7 if self.cfg.scratch => {
                self.setx_to(1 << 20, rd);
                self.emit(Insn::r(Op::Allocs, rd, 0, rd));
            }
            _ => self.emit(Insn::r(Op::Ldta, 0, 0, rd)),
        }
        self.set(rd, Kind::Int);
        if let Some(skip) = skip {
            self.here(skip);
            self.join(before);
        }
    }
}

fn opt2(a: (u8, bool), b: Option<u8>) -> Vec<(u8, bool)> {
    std::iter::once(a).chain(b.map(|r| (r, false))).collect()
}

fn access_size(op: Op) -> u32 {
    match op {
        Op::Ldsb | Op::Ldub | Op::Rldub | Op::Stb => 1,
        Op::Ldsh | Op::Lduh | Op::Sth => 2,
        Op::Ldsw | Op::Lduw | Op::Stw => 4,
        _ => 8,
    }
}
