//! Calls of subroutines with arguments that make sense to them, and with some that are at the edge.

use super::{Gen, Kind};
use crate::dif::{Insn, Op, Subr};

impl Gen<'_> {
    /// Calls a subroutine: arguments are made first, then pushed in one run.
    pub(super) fn subr(&mut self) {
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
            Memstr => {
                let Some(buf) = self.any(|k| matches!(k, Kind::Buf { .. })) else {
                    return;
                };
                let Kind::Buf { size, .. } = self.kind(buf) else {
                    return;
                };
                let c = self.dst_not(&[buf]);
                let ch = self.pick(b" ,x\0").unwrap_or(b' ');
                self.setx_to(u64::from(ch), c);
                let n = self.dst_not(&[buf, c]);
                let bytes = self.below(u64::from(size.min(self.cfg.strsize)) + 1);
                self.setx_to(bytes, n);
                let args = [(buf, false), (c, false), (n, false)];
                self.call_str(subr, &args, longest.min(size), false);
            }
            LinkNtop => {
                let Some(buf) = self.any(|k| matches!(k, Kind::Buf { size, .. } if size >= 20))
                else {
                    return;
                };
                let kind = self.dst_not(&[buf]);
                let number = match self.below(8) {
                    0 if self.cfg.faults => 7,
                    1..=3 => 32,
                    _ => 1,
                };
                self.setx_to(number, kind);
                self.call_str(subr, &[(kind, false), (buf, false)], longest.min(59), false);
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

    pub(super) fn call(&mut self, subr: Subr, args: &[(u8, bool)], result: Kind) -> u8 {
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
}

fn opt2(a: (u8, bool), b: Option<u8>) -> Vec<(u8, bool)> {
    std::iter::once(a).chain(b.map(|r| (r, false))).collect()
}
