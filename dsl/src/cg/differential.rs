//! Random expressions: our compiler and interpreter against a direct evaluation by C's rules.

use super::tests::{check_one, fixed_vars};
use crate::dif::testing::splitmix;

/// Name, bytes, signed.
const TYPES: [(&str, u32, bool); 8] = [
    ("int8_t", 1, true),
    ("uint8_t", 1, false),
    ("int16_t", 2, true),
    ("uint16_t", 2, false),
    ("int", 4, true),
    ("uint32_t", 4, false),
    ("int64_t", 8, true),
    ("uint64_t", 8, false),
];

/// A value of type `TYPES[ty]`, extended from int where the type is smaller.
#[derive(Clone, Copy)]
struct V {
    ty: usize,
    v: i64,
}

fn shape(ty: usize) -> (u32, bool) {
    (TYPES[ty].1, TYPES[ty].2)
}

fn norm(v: i64, (size, signed): (u32, bool)) -> i64 {
    let drop = 64 - size * 8;
    if signed {
        v << drop >> drop
    } else {
        ((v as u64) << drop >> drop) as i64
    }
}

/// Types smaller than int are calculated with as ints.
fn working(ty: usize) -> (u32, bool) {
    let s = shape(ty);
    if s.0 < 4 { (4, true) } else { s }
}

fn promote(a: usize, b: usize) -> usize {
    a.max(b)
}

struct Gen<R: FnMut() -> u64> {
    rand: R,
}

impl<R: FnMut() -> u64> Gen<R> {
    fn below(&mut self, n: u64) -> u64 {
        (self.rand)() % n
    }

    fn leaf(&mut self) -> (String, V) {
        if self.below(3) == 0 {
            let (ty, v) = fixed_vars()[self.below(fixed_vars().len() as u64) as usize];
            return (
                format!("v{ty}"),
                V {
                    ty,
                    v: norm(v, shape(ty)),
                },
            );
        }
        const EDGES: [u64; 12] = [
            0,
            1,
            2,
            7,
            127,
            128,
            255,
            32768,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
            0x7fff_ffff_ffff_ffff,
        ];
        let v = if self.below(2) == 0 {
            EDGES[self.below(12) as usize]
        } else {
            (self.rand)() >> self.below(64)
        };
        if self.below(2) == 0 {
            let v = v & i64::MAX as u64;
            let ty = if v <= i32::MAX as u64 { 4 } else { 6 };
            return (v.to_string(), V { ty, v: v as i64 });
        }
        let ty = match v {
            0..=0x7fff_ffff => 4,
            0x8000_0000..=0xffff_ffff => 5,
            0x1_0000_0000..=0x7fff_ffff_ffff_ffff => 6,
            _ => 7,
        };
        (format!("{v:#x}"), V { ty, v: v as i64 })
    }

    fn expr(&mut self, depth: u32) -> (String, V) {
        if depth == 0 {
            return self.leaf();
        }
        match self.below(24) {
            0..=3 => self.leaf(),
            4..=6 => {
                let (t, x) = self.expr(depth - 1);
                let ty = self.below(8) as usize;
                (
                    format!("(({}){t})", TYPES[ty].0),
                    V {
                        ty,
                        v: norm(x.v, shape(ty)),
                    },
                )
            }
            7 => {
                let (t, x) = self.expr(depth - 1);
                (
                    format!("(- {t})"),
                    V {
                        ty: x.ty,
                        v: norm(x.v.wrapping_neg(), working(x.ty)),
                    },
                )
            }
            8 => {
                let (t, x) = self.expr(depth - 1);
                (
                    format!("(~{t})"),
                    V {
                        ty: x.ty,
                        v: norm(!x.v, working(x.ty)),
                    },
                )
            }
            9 => {
                let (t, x) = self.expr(depth - 1);
                (
                    format!("(!{t})"),
                    V {
                        ty: 4,
                        v: i64::from(x.v == 0),
                    },
                )
            }
            10 => {
                let (c, cv) = self.expr(depth - 1);
                let ((a, av), (b, bv)) = (self.expr(depth - 1), self.expr(depth - 1));
                let ty = promote(av.ty, bv.ty);
                let v = norm(if cv.v != 0 { av.v } else { bv.v }, shape(ty));
                (format!("({c} ? {a} : {b})"), V { ty, v })
            }
            11..=12 => {
                let op = ["&&", "||", "^^"][self.below(3) as usize];
                let ((a, av), (b, bv)) = (self.expr(depth - 1), self.expr(depth - 1));
                let (x, y) = (av.v != 0, bv.v != 0);
                let v = match op {
                    "&&" => x && y,
                    "||" => x || y,
                    _ => x != y,
                };
                (
                    format!("({a} {op} {b})"),
                    V {
                        ty: 4,
                        v: i64::from(v),
                    },
                )
            }
            13..=15 => {
                let op = ["<", "<=", ">", ">=", "==", "!="][self.below(6) as usize];
                let ((a, av), (b, bv)) = (self.expr(depth - 1), self.expr(depth - 1));
                let w = working(promote(av.ty, bv.ty));
                let (x, y) = (norm(av.v, w), norm(bv.v, w));
                let ord = if w.1 {
                    x.cmp(&y)
                } else {
                    (x as u64).cmp(&(y as u64))
                };
                let v = match op {
                    "<" => ord.is_lt(),
                    "<=" => ord.is_le(),
                    ">" => ord.is_gt(),
                    ">=" => ord.is_ge(),
                    "==" => ord.is_eq(),
                    _ => ord.is_ne(),
                };
                (
                    format!("({a} {op} {b})"),
                    V {
                        ty: 4,
                        v: i64::from(v),
                    },
                )
            }
            16..=17 => {
                let left = self.below(2) == 0;
                let ((a, av), (b, bv)) = (self.expr(depth - 1), self.expr(depth - 1));
                let w = working(av.ty);
                let n = (bv.v & 63) as u32;
                let v = match (left, w.1) {
                    (true, _) => av.v << n,
                    (false, true) => av.v >> n,
                    (false, false) => ((av.v as u64) >> n) as i64,
                };
                (
                    format!("({a} {} {b})", if left { "<<" } else { ">>" }),
                    V {
                        ty: av.ty,
                        v: norm(v, w),
                    },
                )
            }
            _ => {
                let op = ["+", "-", "*", "/", "%", "&", "|", "^"][self.below(8) as usize];
                let (a, av) = self.expr(depth - 1);
                let (mut b, mut bv) = self.expr(depth - 1);
                if matches!(op, "/" | "%") {
                    // Never zero: `| 1`, in the type that int and it have in common.
                    let ty = promote(bv.ty, 4);
                    b = format!("({b} | 1)");
                    bv = V {
                        ty,
                        v: norm(norm(bv.v, working(ty)) | 1, working(ty)),
                    };
                }
                let ty = promote(av.ty, bv.ty);
                let w = working(ty);
                let (x, y) = (norm(av.v, w), norm(bv.v, w));
                let v = match (op, w.1) {
                    ("+", _) => x.wrapping_add(y),
                    ("-", _) => x.wrapping_sub(y),
                    ("*", _) => x.wrapping_mul(y),
                    ("/", true) => x.wrapping_div(y),
                    ("/", false) => ((x as u64) / (y as u64)) as i64,
                    ("%", true) => x.wrapping_rem(y),
                    ("%", false) => ((x as u64) % (y as u64)) as i64,
                    ("&", _) => x & y,
                    ("|", _) => x | y,
                    _ => x ^ y,
                };
                (format!("({a} {op} {b})"), V { ty, v: norm(v, w) })
            }
        }
    }
}

#[test]
fn random_expressions_have_their_c_values() {
    let mut g = Gen {
        rand: splitmix(20261124),
    };
    let n = 4000;
    for i in 0..n {
        let depth = 1 + (i % 6);
        let (text, v) = g.expr(depth);
        // In the type of the expression itself, and widened, where what lies beyond the type would show.
        let own = norm(v.v, shape(v.ty));
        let own = if shape(v.ty).1 {
            own.to_string()
        } else {
            (own as u64).to_string()
        };
        let wide = v.v.to_string();
        check_one(&text, &own, &wide);
    }
}
