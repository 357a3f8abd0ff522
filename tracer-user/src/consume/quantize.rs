//! The pictures of `quantize`, `lquantize` and `llquantize`.
//!
//! The three families differ only in how their buckets are labelled: [`rows`] turns any of them into one list of labelled
//! counts, [`draw`] draws the list. A bar is `count × 40 / total` columns, rounded; where counts of both signs occur (a
//! weight may be negative) the axis is in the middle and each side has half the width.

use dsl::program::AggFunc;
use std::borrow::Cow;
use std::fmt::Write;
use tracer_ebpf::layout;

/// Columns of a whole bar.
const WIDTH: usize = 40;
/// Columns before a bar.
const LABEL: usize = 16;
/// Of a line of `aggpack`, from little to all.
const BLOCKS: &[char] = &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The same for terminals that have no such characters.
const ASCII: &[char] = &['_', '.', ':', '-', '=', '+', '*', '#'];
/// Index of the `quantize` bucket for 0.
const ZERO: usize = 63;
/// Buckets of `quantize`.
const QUANTIZE_BUCKETS: usize = 127;
/// With `aggzoom` the longest bar fills so much of the width.
const ZOOM: f64 = 0.95;

/// Lower bound of a `quantize` bucket.
pub fn quantize_value(bucket: usize) -> i64 {
    match bucket {
        ZERO => 0,
        b if b > ZERO => 1_i64.checked_shl((b - ZERO - 1) as u32).unwrap_or(i64::MAX),
        b => -(1_i64 << (ZERO - 1 - b)),
    }
}

/// What stands before the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    /// Of what is below the first bucket of an `lquantize`.
    Below(i128),
    /// What is beyond the last negative bucket of an `llquantize`.
    UpTo(i128),
    At(i128),
    /// Between an `llquantize`'s negative values and its positive ones.
    Near(i128),
    From(i128),
}

impl Label {
    /// With `gap` between a sign and its number. `first`: no other row comes before it.
    fn text(self, gap: &str, first: bool) -> String {
        match self {
            Label::Below(v) => format!("<{gap}{v}"),
            Label::UpTo(v) => format!("<={gap}{v}"),
            Label::At(v) => v.to_string(),
            // Nothing else is as small.
            Label::Near(1) => "0".to_owned(),
            Label::Near(v) if first => format!("<{gap}{v}"),
            Label::Near(v) => format!("abs(){gap}<{gap}{v}"),
            Label::From(v) => format!(">={gap}{v}"),
        }
    }
}

/// All buckets of an aggregation with their labels, ascending.
fn labels(func: AggFunc) -> Vec<Label> {
    match func {
        AggFunc::Quantize => (0..QUANTIZE_BUCKETS)
            .map(|b| Label::At(quantize_value(b).into()))
            .collect(),
        AggFunc::Lquantize { base, step, levels } => {
            let (base, step, levels) = (i128::from(base), i128::from(step), i128::from(levels));
            std::iter::once(Label::Below(base))
                .chain((0..levels).map(|l| Label::At(base + l * step)))
                .chain(std::iter::once(Label::From(base + levels * step)))
                .collect()
        }
        AggFunc::Llquantize {
            factor,
            low,
            high,
            nsteps,
        } => {
            let orders = layout::llquantize(factor, low, high, nsteps);
            let end = orders.last().map_or(i128::MAX, |o| o.limit.into());
            let ups = || {
                orders.iter().flat_map(|o| {
                    let (n, width) = (i128::from(o.skipped), i128::from(o.width));
                    let ends = n..n + i128::from(o.buckets);
                    ends.map(move |i| (i * width).max(o.from.into()))
                })
            };
            let downs: Vec<i128> = ups().map(|v| -v).collect();
            std::iter::once(Label::UpTo(-end))
                .chain(downs.into_iter().rev().map(Label::At))
                .chain(orders.first().map(|o| Label::Near(o.from.into())))
                .chain(ups().map(Label::At))
                .chain(std::iter::once(Label::From(end)))
                .collect()
        }
        AggFunc::Count
        | AggFunc::Sum
        | AggFunc::Min
        | AggFunc::Max
        | AggFunc::Avg
        | AggFunc::Stddev => Vec::new(),
    }
}

/// The counts in the order of [`labels`]: an `llquantize` keeps those of negative values behind the others.
fn in_order(func: AggFunc, data: &[i64]) -> Cow<'_, [i64]> {
    let AggFunc::Llquantize { .. } = func else {
        return Cow::Borrowed(data);
    };
    let (ups, downs) = data.split_at((data.len() / 2 + 1).min(data.len()));
    Cow::Owned(downs.iter().rev().chain(ups).copied().collect())
}

/// Which buckets are shown: one before the first that holds anything to one after the last. With nothing in any bucket
/// (after `clear`), those around zero.
fn shown(func: AggFunc, data: &[i64], n: usize) -> std::ops::RangeInclusive<usize> {
    let filled = |&i: &usize| data.get(i).is_some_and(|&v| v != 0);
    match ((0..n).find(filled), (0..n).rev().find(filled)) {
        (Some(first), Some(last)) => first.saturating_sub(1)..=(last + 1).min(n.saturating_sub(1)),
        _ if matches!(func, AggFunc::Quantize) => ZERO - 1..=ZERO + 1,
        _ if matches!(func, AggFunc::Llquantize { .. }) => n / 2..=n / 2 + 2,
        _ => 0..=2.min(n.saturating_sub(1)),
    }
}

/// Draws an aggregation of the quantize family: a newline, the heading, a line for each bucket.
pub fn draw(out: &mut String, func: AggFunc, data: &[i64], normal: i64, zoom: bool) {
    let (labels, data) = (labels(func), in_order(func, data));
    let range = shown(func, &data, labels.len());
    let rows: Vec<(Label, i64)> = labels
        .iter()
        .enumerate()
        .filter(|(i, _)| range.contains(i))
        .map(|(i, &l)| (l, data.get(i).copied().unwrap_or(0)))
        .collect();
    let bars = Bars::new(rows.iter().map(|r| r.1), zoom);
    let _ = writeln!(
        out,
        "\n{:>16} {:>41} {:<9}",
        "value", "------------- Distribution -------------", "count"
    );
    for (n, (label, count)) in rows.into_iter().enumerate() {
        let _ = write!(out, "{:>LABEL$} ", label.text(" ", n == 0));
        bars.line(out, count, normal);
    }
}

/// `agghist`: each key with its number and a bar, as if the keys were the buckets of a distribution.
pub fn draw_keys(out: &mut String, rows: &[(String, i64, i64)], zoom: bool) {
    let widest = rows.iter().map(|r| r.0.chars().count()).max().unwrap_or(0);
    let width = widest.max(LABEL);
    let bars = Bars::new(rows.iter().map(|r| r.1), zoom);
    let _ = writeln!(
        out,
        "\n{:>width$} {:>41} {:<9}",
        "key", "------------- Distribution -------------", "count"
    );
    for (key, count, normal) in rows {
        let _ = write!(out, "{key:>width$} ");
        bars.line(out, *count, *normal);
    }
}

/// A distribution that takes one line.
#[derive(Clone, Copy)]
pub struct Packed<'a> {
    /// The key, as text.
    pub label: &'a str,
    /// Buckets.
    pub data: &'a [i64],
    /// By `normalize()`.
    pub normal: i64,
}

/// `aggpack`: a column for each bucket, over the buckets that any of the distributions fills.
pub fn draw_packed(out: &mut String, func: AggFunc, lines: &[Packed<'_>], zoom: bool, utf8: bool) {
    let labels = labels(func);
    let mut all = vec![0_i64; labels.len()];
    for line in lines {
        for (sum, &n) in all.iter_mut().zip(in_order(func, line.data).iter()) {
            *sum |= i64::from(n != 0);
        }
    }
    let range = shown(func, &all, labels.len());
    let text = |at: &usize, first| {
        let label = labels.get(*at);
        label.map_or_else(String::new, |l| l.text("", first))
    };
    let (min, max) = (text(range.start(), true), text(range.end(), false));
    let widest = lines.iter().map(|l| l.label.chars().count()).max();
    let keyed = lines.iter().any(|l| !l.label.is_empty());
    let width = if keyed {
        widest.unwrap_or(0).max(LABEL)
    } else {
        0
    };
    let key = if keyed { "key" } else { "" };
    let (left, right) = (min.len().max(3), max.len().max(6));
    let _ = writeln!(
        out,
        "\n{key:>width$} {:>left$} .{}. {:<right$} | count",
        "min",
        "-".repeat(range.clone().count()),
        "max"
    );
    let ramp = if utf8 { BLOCKS } else { ASCII };
    for line in lines {
        let data = in_order(func, line.data);
        let own = || range.clone().map(|i| data.get(i).copied().unwrap_or(0));
        let total: f64 = match zoom {
            true => own().map(|n| (n as f64).abs() / ZOOM).fold(0.0, f64::max),
            false => own().map(|n| (n as f64).abs()).sum(),
        };
        let columns: String = own()
            .map(|n| match n {
                0 => ' ',
                n => {
                    let share = (n as f64).abs() / total * ramp.len() as f64;
                    let at = (share.ceil() as usize).clamp(1, ramp.len());
                    ramp.get(at - 1).copied().unwrap_or(' ')
                }
            })
            .collect();
        let count = own().fold(0_i64, i64::wrapping_add);
        let _ = writeln!(
            out,
            "{:>width$} {min:>left$} :{columns}: {max:<right$} | {}",
            line.label,
            divide(count, line.normal)
        );
    }
}

/// The scale of the bars.
struct Bars {
    total: f64,
    positives: bool,
    negatives: bool,
}

impl Bars {
    fn new(counts: impl Iterator<Item = i64>, zoom: bool) -> Bars {
        let mut bars = Bars {
            total: 0.0,
            positives: false,
            negatives: false,
        };
        for c in counts {
            bars.positives |= c > 0;
            bars.negatives |= c < 0;
            let size = (c as f64).abs();
            bars.total = match zoom {
                true => bars.total.max(size / ZOOM),
                false => bars.total + size,
            };
        }
        bars
    }

    fn line(&self, out: &mut String, count: i64, normal: i64) {
        let depth = |width: usize| match self.total > 0.0 {
            true => (((count as f64).abs() * width as f64 / self.total + 0.5) as usize).min(width),
            false => 0,
        };
        let shown = divide(count, normal);
        let half = WIDTH / 2;
        let _ = match (self.negatives, self.positives) {
            (false, _) => writeln!(out, "|{:<WIDTH$} {shown:<9}", "@".repeat(depth(WIDTH))),
            (true, false) => writeln!(out, "{:>WIDTH$}| {shown:<9}", "@".repeat(depth(WIDTH))),
            (true, true) if count <= 0 => {
                writeln!(
                    out,
                    "{:>half$}|{:half$} {shown:<9}",
                    "@".repeat(depth(half)),
                    ""
                )
            }
            (true, true) => writeln!(
                out,
                "{:half$}|{:<half$} {shown:<9}",
                "",
                "@".repeat(depth(half))
            ),
        };
    }
}

/// Division by a normalization factor; 0 counts as 1, and nothing overflows.
pub fn divide(value: i64, normal: i64) -> i64 {
    match normal {
        0 => value,
        n => value.wrapping_div(n),
    }
}

/// The sum by which values of the quantize family are ordered: each bucket's label times its count.
pub fn weight(func: AggFunc, data: &[i64]) -> f64 {
    labels(func)
        .iter()
        .zip(in_order(func, data).iter())
        .map(|(l, &c)| {
            let v = match *l {
                // Outside the range all that is known is the side.
                Label::Below(v) => v.saturating_sub(1),
                Label::Near(_) => 0,
                Label::UpTo(v) | Label::At(v) | Label::From(v) => v,
            };
            v as f64 * c as f64
        })
        .sum()
}

/// The count of the bucket for zero: the tie-breaker after [`weight`].
pub fn zero_count(func: AggFunc, data: &[i64]) -> i64 {
    match func {
        AggFunc::Quantize => data.get(ZERO).copied().unwrap_or(0),
        AggFunc::Lquantize { base, step, levels } if base <= 0 && step > 0 => {
            let level = (-i64::from(base)) / i64::from(step);
            match level < i64::from(levels) {
                true => data.get(level as usize + 1).copied().unwrap_or(0),
                false => 0,
            }
        }
        AggFunc::Llquantize { .. } => data.first().copied().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(func: AggFunc, filled: &[(usize, i64)], zoom: bool) -> String {
        let mut data = vec![0; labels(func).len()];
        for &(i, v) in filled {
            data[i] = v;
        }
        let mut s = String::new();
        draw(&mut s, func, &data, 1, zoom);
        s
    }

    #[test]
    fn quantize_like_the_sample() {
        // 16384: 1, 65536: 0, 131072: 2, 262144: 1.
        let s = picture(AggFunc::Quantize, &[(78, 1), (81, 2), (82, 1)], false);
        let want = "
           value  ------------- Distribution ------------- count    
            8192 |                                         0        
           16384 |@@@@@@@@@@                               1        
           32768 |                                         0        
           65536 |                                         0        
          131072 |@@@@@@@@@@@@@@@@@@@@                     2        
          262144 |@@@@@@@@@@                               1        
          524288 |                                         0        
";
        assert_eq!(s, want);
    }

    #[test]
    fn lquantize_like_the_sample() {
        let f = AggFunc::Lquantize {
            base: 0,
            step: 10,
            levels: 10,
        };
        let s = picture(f, &[(1, 2), (11, 1)], false);
        let lines: Vec<&str> = s.lines().collect();
        assert_eq!(
            lines[2],
            "             < 0 |                                         0        "
        );
        assert_eq!(
            lines[3],
            "               0 |@@@@@@@@@@@@@@@@@@@@@@@@@@@              2        "
        );
        assert_eq!(
            lines[4],
            "              10 |                                         0        "
        );
        assert_eq!(
            lines[12],
            "              90 |                                         0        "
        );
        assert_eq!(
            lines[13],
            "          >= 100 |@@@@@@@@@@@@@                            1        "
        );
        assert_eq!(lines.len(), 14);
    }

    #[test]
    fn llquantize_steps() {
        // llquantize(320, 10, 0, 5, 5, 8): steps of a fifth, two buckets of which belong to the order below.
        let f = AggFunc::Llquantize {
            factor: 10,
            low: 0,
            high: 5,
            nsteps: 10,
        };
        let (l, zero) = (labels(f), 1 + 9 * 6);
        assert_eq!(l.len(), 2 * zero + 1);
        assert_eq!(
            &l[zero - 2..zero + 4],
            &[
                Label::At(-2),
                Label::At(-1),
                Label::Near(1),
                Label::At(1),
                Label::At(2),
                Label::At(3)
            ]
        );
        assert_eq!(
            &l[zero + 9..zero + 13],
            &[Label::At(9), Label::At(10), Label::At(20), Label::At(30)]
        );
        assert_eq!(l.first(), Some(&Label::UpTo(-1_000_000)));
        assert_eq!(l.last(), Some(&Label::From(1_000_000)));
        let f = AggFunc::Llquantize {
            factor: 10,
            low: 0,
            high: 2,
            nsteps: 20,
        };
        let l = labels(f);
        // While the order is smaller than nsteps the step is 1.
        let zero = l.len() / 2;
        assert_eq!(
            &l[zero + 9..zero + 12],
            &[Label::At(9), Label::At(10), Label::At(15)]
        );
    }

    #[test]
    fn negative_counts_only() {
        let s = picture(AggFunc::Quantize, &[(64, -123)], false);
        assert_eq!(
            s.lines().nth(2),
            Some("               0                                         | 0        ")
        );
        assert_eq!(
            s.lines().nth(3),
            Some("               1 @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@| -123     ")
        );
    }

    #[test]
    fn both_signs_share_the_width() {
        let s = picture(
            AggFunc::Quantize,
            &[(62, -123), (63, -123), (64, 246)],
            false,
        );
        let want = "
           value  ------------- Distribution ------------- count    
              -2                     |                     0        
              -1                @@@@@|                     -123     
               0                @@@@@|                     -123     
               1                     |@@@@@@@@@@           246      
               2                     |                     0        
";
        assert_eq!(s, want);
    }

    #[test]
    fn nothing_at_all_shows_zero() {
        let s = picture(AggFunc::Quantize, &[], false);
        assert_eq!(s.lines().count(), 5);
        assert_eq!(
            s.lines().nth(2),
            Some("              -1 |                                         0        ")
        );
        let f = AggFunc::Lquantize {
            base: 0,
            step: 1,
            levels: 10,
        };
        assert_eq!(
            picture(f, &[], false).lines().nth(2),
            Some("             < 0 |                                         0        ")
        );
    }

    #[test]
    fn extremes_are_not_cut() {
        let s = picture(AggFunc::Quantize, &[(126, 1234)], false);
        assert_eq!(
            s.lines().nth(2),
            Some("2305843009213693952 |                                         0        ")
        );
        assert_eq!(
            s.lines().nth(3),
            Some("4611686018427387904 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 1234     ")
        );
        assert_eq!(s.lines().count(), 4);
        assert_eq!(quantize_value(0), -(1 << 62));
    }

    #[test]
    fn zoom_fills_the_width() {
        let s = picture(
            AggFunc::Quantize,
            &[(64, 1), (65, 1), (66, 1), (67, 1)],
            true,
        );
        assert_eq!(
            s.lines().nth(3),
            Some("               1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@   1        ")
        );
    }

    #[test]
    fn keys_as_a_distribution() {
        let rows = [("cat".to_owned(), 1, 1), ("sh".to_owned(), 30, 10)];
        let mut s = String::new();
        draw_keys(&mut s, &rows, false);
        let want = "
             key  ------------- Distribution ------------- count    
             cat |@                                        1        
              sh |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@  3        
";
        assert_eq!(s, want);
    }

    #[test]
    fn distributions_on_one_line() {
        let mut data = vec![0; QUANTIZE_BUCKETS];
        (data[64], data[66]) = (1, 7);
        let lines = [Packed {
            label: "cat",
            data: &data,
            normal: 1,
        }];
        let mut s = String::new();
        draw_packed(&mut s, AggFunc::Quantize, &lines, false, true);
        let want = "
             key min .-----. max    | count
             cat   0 : ▁ ▇ : 8      | 8
";
        assert_eq!(s, want);
        s.clear();
        let unkeyed = [Packed {
            label: "",
            ..lines[0]
        }];
        draw_packed(&mut s, AggFunc::Quantize, &unkeyed, true, false);
        let want = "
 min .-----. max    | count
   0 : . # : 8      | 8
";
        assert_eq!(s, want);
    }

    #[test]
    fn normalized_counts() {
        let mut s = String::new();
        let mut data = vec![0; 127];
        data[64] = 100;
        draw(&mut s, AggFunc::Quantize, &data, 7, false);
        assert!(s.contains(" 14       \n"));
    }

    #[test]
    fn order_of_values() {
        let d = |b: usize| {
            let mut d = vec![0; 127];
            d[b] = 1;
            d
        };
        assert!(weight(AggFunc::Quantize, &d(70)) > weight(AggFunc::Quantize, &d(69)));
        assert_eq!(weight(AggFunc::Quantize, &d(63)), 0.0);
        assert_eq!(zero_count(AggFunc::Quantize, &d(63)), 1);
    }
}
