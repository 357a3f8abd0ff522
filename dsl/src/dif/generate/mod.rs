//! Random DIF that is valid by construction, for comparing engines (feature `testing`).
//!
//! A program uses only what all engines define (see [`super::interp`]): no number depends on where memory lies, an address
//! into a variable is dropped when the variable is stored to, scratch is not exhausted by accident, copies don't overlap. With
//! [`Cfg::faults`] off, no program faults; on, some do, at a definite instruction and for a definite reason.
//!
//! The numbers come from a closure, so a seed ([`super::testing::splitmix`]) or a fuzzer's bytes drive it alike. A failing program is
//! reported best as [`super::disasm::to_asm`], which [`super::asm`] reads back.

mod stmt;
mod subr;

use crate::dif::interp::scratch_size;
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
        Subr::LinkNtop,
        Subr::Memstr,
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
}
