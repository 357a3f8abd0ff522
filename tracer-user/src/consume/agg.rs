//! Aggregations on the consumer's side: what `clear`, `trunc` and `normalize` leave of them, their order, their printing.
//!
//! The kernel side only ever accumulates. `clear()` and `trunc()` therefore remember, for functions that add up, the value
//! at which they were called, and later values are shown without it: no update between reading and forgetting is lost.
//! `min` and `max` can't be subtracted: they are reset in the kernel. A truncated element that was not touched between two
//! `trunc()`s is deleted in the kernel, so that keys of the past don't fill the map.

use super::printf::{self, Spec};
use super::quantize;
use super::record::{self, Style};
use super::stack;
use super::symbol::Symbols;
use super::value::{Value, key_member};
use dsl::format::{Conv, ConvKind, Format};
use dsl::program::{AggFunc, AggId, KeyType};
use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use tracer_ebpf::backend::{BackendError, Session};
use tracer_ebpf::image::{AggLayout, KeyField};

/// `aggsort…` and how values are drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct AggStyle {
    /// `aggsortkey`: by key first.
    pub by_key: bool,
    /// `aggsortrev`: descending.
    pub reverse: bool,
    /// `aggsortpos`: which aggregation of a joined print counts first.
    pub pos: usize,
    /// `aggsortkeypos`: which member of the key counts first.
    pub key_pos: usize,
    /// `aggzoom`.
    pub zoom: bool,
    /// `agghist`: counts and sums with keys are drawn as one distribution.
    pub hist: bool,
    /// `aggpack`: a distribution takes one line.
    pub pack: bool,
    /// `encoding`: what the lines of `aggpack` are drawn with.
    pub utf8: bool,
    /// `aggpercpu`: each CPU's data follows.
    pub per_cpu: bool,
    /// How keys print.
    pub datum: Style,
}

/// One element as the consumer sees it.
#[derive(Clone, Debug)]
struct Elem {
    /// What the kernel last said.
    raw: Vec<i64>,
    /// What is not shown any more of it.
    base: Vec<i64>,
    /// Each CPU's own, where it is wanted.
    cpus: Cpus,
    /// As `base`.
    base_cpus: Cpus,
    /// By `normalize()`.
    normal: i64,
    /// Truncated, and not updated since.
    hidden: bool,
    /// `min`/`max` only: cleared, and not updated since.
    cleared: bool,
}

impl Elem {
    /// What there is by now is not shown any more.
    fn forget(&mut self) {
        self.base.clone_from(&self.raw);
        self.base_cpus.clone_from(&self.cpus);
    }
}

/// Data by CPU.
type Cpus = Vec<(u32, Vec<i64>)>;

fn of_cpu(cpus: &Cpus, cpu: u32) -> &[i64] {
    let found = cpus.iter().find(|(n, _)| *n == cpu);
    found.map_or(&[], |(_, data)| data)
}

#[derive(Debug, Default)]
struct Agg {
    elems: HashMap<Vec<u8>, Elem>,
    /// `printa` was called on it: it is not printed at the end.
    printed: bool,
    /// Read in this round.
    fresh: bool,
}

/// All aggregations of a session.
pub struct Aggs {
    layouts: Vec<AggLayout>,
    aggs: Vec<Agg>,
    /// Read them CPU by CPU.
    pub per_cpu: bool,
    /// CPUs that are shown also where they did not update an element.
    pub cpus: Vec<u32>,
}

/// What a row shows of one aggregation.
#[derive(Clone, Debug)]
struct Shown {
    data: Vec<i64>,
    normal: i64,
    cpus: Cpus,
}

/// A key with the values of each aggregation printed together.
#[derive(Clone, Debug)]
struct Row {
    key: Vec<u8>,
    values: Vec<Shown>,
}

/// Whether later values contain earlier ones by addition.
fn additive(func: AggFunc) -> bool {
    !matches!(func, AggFunc::Min | AggFunc::Max)
}

/// What a cleared element shows.
fn initial(func: AggFunc) -> i64 {
    match func {
        AggFunc::Min => i64::MAX,
        AggFunc::Max => i64::MIN,
        _ => 0,
    }
}

/// `raw − base`, word by word, but for the 128-bit sum of squares.
fn subtract(func: AggFunc, raw: &[i64], base: &[i64]) -> Vec<i64> {
    let at = |s: &[i64], i: usize| s.get(i).copied().unwrap_or(0);
    let mut out: Vec<i64> = (0..raw.len())
        .map(|i| at(raw, i).wrapping_sub(at(base, i)))
        .collect();
    if matches!(func, AggFunc::Stddev) && raw.len() >= 4 {
        let v = squares(raw).wrapping_sub(squares(base));
        if let Some(words) = out.get_mut(2..4) {
            words.copy_from_slice(&[v as i64, (v >> 64) as i64]);
        }
    }
    out
}

/// Two elements as one, as if the kernel had kept them under one key.
fn merge(func: AggFunc, a: &[i64], b: &[i64]) -> Vec<i64> {
    let at = |s: &[i64]| s.first().copied().unwrap_or(0);
    match func {
        AggFunc::Min => vec![at(a).min(at(b))],
        AggFunc::Max => vec![at(a).max(at(b))],
        _ => subtract(func, a, &subtract(func, &vec![0; b.len()], b)),
    }
}

fn squares(data: &[i64]) -> u128 {
    let word = |i: usize| u128::from(data.get(i).copied().unwrap_or(0) as u64);
    word(2) | word(3) << 64
}

/// The one number that a function shows, for those that show one.
fn number(func: AggFunc, data: &[i64], normal: i64) -> i64 {
    let at = |i: usize| data.get(i).copied().unwrap_or(0);
    let divide = quantize::divide;
    match func {
        AggFunc::Avg if at(0) == 0 => 0,
        AggFunc::Avg => divide(divide(at(1), normal), at(0)),
        AggFunc::Stddev if at(0) == 0 => 0,
        AggFunc::Stddev => {
            let n = u128::from(at(0).unsigned_abs());
            let mean = i128::from(divide(divide(at(1), normal), at(0))).unsigned_abs();
            let squares = squares(data) / u128::from(normal.unsigned_abs().max(1)) / n.max(1);
            squares.saturating_sub(mean * mean).isqrt() as i64
        }
        AggFunc::Count | AggFunc::Sum | AggFunc::Min | AggFunc::Max => divide(at(0), normal),
        AggFunc::Quantize | AggFunc::Lquantize { .. } | AggFunc::Llquantize { .. } => at(0),
    }
}

fn is_picture(func: AggFunc) -> bool {
    matches!(
        func,
        AggFunc::Quantize | AggFunc::Lquantize { .. } | AggFunc::Llquantize { .. }
    )
}

/// Order of values: by the number, or of pictures by their weighted sum, then by what is at zero.
fn compare_values(func: AggFunc, a: &[i64], b: &[i64]) -> Ordering {
    match is_picture(func) {
        true => quantize::weight(func, a)
            .total_cmp(&quantize::weight(func, b))
            .then_with(|| quantize::zero_count(func, a).cmp(&quantize::zero_count(func, b))),
        false => number(func, a, 1).cmp(&number(func, b, 1)),
    }
}

/// Order of keys: member by member from `pos` on and around; integers as unsigned, everything else as bytes.
fn compare_keys(fields: &[KeyField], a: &[u8], b: &[u8], pos: usize) -> Ordering {
    let n = fields.len();
    (0..n)
        .filter_map(|i| fields.get((i + pos) % n))
        .map(|f| {
            let range = f.off as usize..(f.off + f.bytes) as usize;
            let (a, b) = (
                a.get(range.clone()).unwrap_or_default(),
                b.get(range).unwrap_or_default(),
            );
            match f.ty {
                // Little-endian.
                KeyType::Int { .. } | KeyType::Sym(_) => a.iter().rev().cmp(b.iter().rev()),
                KeyType::Str
                | KeyType::Bytes { .. }
                | KeyType::Stack { .. }
                | KeyType::Ustack { .. } => a.cmp(b),
            }
        })
        .find(|o| o.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// The key by which a row is known: addresses that are shown alike, by `sym()` and its like, are one; of kernel stacks only
/// what the user means counts.
fn by_symbol(
    fields: &[KeyField],
    key: &[u8],
    seen: &mut HashMap<(usize, String), Vec<u8>>,
    symbols: &mut Symbols,
) -> Vec<u8> {
    let mut key = key.to_vec();
    for (i, f) in fields.iter().enumerate() {
        let range = f.off as usize..(f.off + f.bytes) as usize;
        match key_member(f, &key) {
            Value::Sym { addr, pid, kind } => {
                let shown = (i, symbols.by_kind(kind, pid, addr));
                if let Some(bytes) = key.get_mut(range) {
                    bytes.copy_from_slice(seen.entry(shown).or_insert_with(|| bytes.to_vec()));
                }
            }
            Value::Stack { frames, most } => {
                let pcs = stack::without_ours(frames, most, symbols);
                let pcs = pcs.into_iter().flat_map(u64::to_le_bytes);
                if let Some(bytes) = key.get_mut(range) {
                    let with_zeros = pcs.chain(std::iter::repeat(0));
                    bytes.iter_mut().zip(with_zeros).for_each(|(to, b)| *to = b);
                }
            }
            Value::Int { .. } | Value::Str(_) | Value::Bytes { .. } | Value::Ustack { .. } => {}
        }
    }
    key
}

impl Aggs {
    /// Nothing read yet.
    pub fn new(layouts: Vec<AggLayout>) -> Aggs {
        let aggs = layouts.iter().map(|_| Agg::default()).collect();
        Aggs {
            layouts,
            aggs,
            per_cpu: false,
            cpus: Vec::new(),
        }
    }

    /// What was read before is out of date.
    pub fn next_round(&mut self) {
        for a in &mut self.aggs {
            a.fresh = false;
        }
    }

    fn layout(&self, id: AggId) -> Option<&AggLayout> {
        self.layouts.get(id.0 as usize)
    }

    /// Reads an aggregation, at most once a round.
    fn refresh(&mut self, id: AggId, session: &mut dyn Session) -> Result<(), BackendError> {
        let (Some(layout), Some(agg)) = (
            self.layouts.get(id.0 as usize),
            self.aggs.get_mut(id.0 as usize),
        ) else {
            return Ok(());
        };
        if agg.fresh {
            return Ok(());
        }
        agg.fresh = true;
        let entries = match self.per_cpu {
            true => session.aggregate_cpus(id)?,
            false => session.aggregate(id)?,
        };
        for entry in entries {
            match agg.elems.get_mut(&entry.key) {
                Some(e) => {
                    if e.hidden && e.raw != entry.data {
                        e.hidden = false;
                    }
                    // Even the same value again is news of a `min`: the kernel's was deleted.
                    e.cleared = false;
                    e.raw = entry.data;
                    e.cpus = entry.cpus;
                }
                None => {
                    let base = vec![
                        0;
                        if additive(layout.func) {
                            entry.data.len()
                        } else {
                            0
                        }
                    ];
                    let e = Elem {
                        raw: entry.data,
                        base,
                        cpus: entry.cpus,
                        base_cpus: Vec::new(),
                        normal: 1,
                        hidden: false,
                        cleared: false,
                    };
                    agg.elems.insert(entry.key, e);
                }
            }
        }
        Ok(())
    }

    /// The elements shown, in no order.
    fn shown(&self, id: AggId) -> impl Iterator<Item = (&Vec<u8>, Shown)> {
        let i = id.0 as usize;
        let func = self.layouts.get(i).map(|l| l.func);
        self.aggs
            .get(i)
            .into_iter()
            .flat_map(|a| &a.elems)
            .filter(|(_, e)| !e.hidden)
            .filter_map(move |(k, e)| {
                let func = func?;
                let data = match (additive(func), e.cleared) {
                    (true, _) => subtract(func, &e.raw, &e.base),
                    (false, true) => vec![initial(func)],
                    (false, false) => e.raw.clone(),
                };
                let cpus = e.cpus.iter().filter(|_| !e.cleared).map(|(cpu, raw)| {
                    let data = match additive(func) {
                        true => subtract(func, raw, of_cpu(&e.base_cpus, *cpu)),
                        false => raw.clone(),
                    };
                    (*cpu, data)
                });
                let mut cpus: Cpus = cpus.collect();
                for &idle in &self.cpus {
                    if cpus.iter().all(|(cpu, _)| *cpu != idle) {
                        let none = match additive(func) {
                            true => Vec::new(),
                            false => vec![initial(func)],
                        };
                        cpus.push((idle, none));
                    }
                }
                cpus.sort_by_key(|c| c.0);
                Some((
                    k,
                    Shown {
                        data,
                        normal: e.normal,
                        cpus,
                    },
                ))
            })
    }

    /// `clear(@a)`: the keys stay, with initial values.
    pub fn clear(&mut self, id: AggId, session: &mut dyn Session) -> Result<(), BackendError> {
        self.refresh(id, session)?;
        let Some(func) = self.layout(id).map(|l| l.func) else {
            return Ok(());
        };
        if !additive(func) {
            session.agg_reset(id, None)?;
        }
        if let Some(agg) = self.aggs.get_mut(id.0 as usize) {
            for e in agg.elems.values_mut() {
                match additive(func) {
                    true => e.forget(),
                    false => e.cleared = true,
                }
            }
        }
        Ok(())
    }

    /// `trunc(@a[, n])`: keeps the top `n` by value, or with a negative `n` the bottom ones; without it none.
    pub fn trunc(
        &mut self,
        id: AggId,
        n: Option<i64>,
        session: &mut dyn Session,
    ) -> Result<(), BackendError> {
        self.refresh(id, session)?;
        let Some(layout) = self.layout(id).cloned() else {
            return Ok(());
        };
        let n = n.unwrap_or(0);
        let mut rows: Vec<Row> = self
            .shown(id)
            .map(|(k, v)| Row {
                key: k.clone(),
                values: vec![v],
            })
            .collect();
        rows.sort_by(|a, b| {
            self.compare(
                &[id],
                AggStyle {
                    reverse: n >= 0,
                    ..AggStyle::default()
                },
                a,
                b,
            )
        });
        let keep = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
        let gone: Vec<Vec<u8>> = rows.into_iter().skip(keep).map(|r| r.key).collect();
        let Some(agg) = self.aggs.get_mut(id.0 as usize) else {
            return Ok(());
        };
        let keyed = layout.key_size > 0;
        // Elements truncated earlier and idle since.
        let mut delete: Vec<Vec<u8>> = match keyed {
            true => agg
                .elems
                .iter()
                .filter(|(_, e)| e.hidden)
                .map(|(k, _)| k.clone())
                .collect(),
            false => Vec::new(),
        };
        for key in gone {
            match agg.elems.get_mut(&key) {
                Some(e) if additive(layout.func) => {
                    e.forget();
                    e.hidden = true;
                    e.normal = 1;
                }
                _ => delete.push(key),
            }
        }
        if !delete.is_empty() {
            session.agg_reset(id, keyed.then_some(&delete))?;
            for key in &delete {
                agg.elems.remove(key);
            }
        }
        Ok(())
    }

    /// `normalize(@a, n)`, and with 1 `denormalize(@a)`: of the elements that there are.
    pub fn normalize(
        &mut self,
        id: AggId,
        n: i64,
        session: &mut dyn Session,
    ) -> Result<(), BackendError> {
        self.refresh(id, session)?;
        if let Some(agg) = self.aggs.get_mut(id.0 as usize) {
            agg.elems.values_mut().for_each(|e| e.normal = n);
        }
        Ok(())
    }

    /// Order of rows of the same aggregations.
    fn compare(&self, ids: &[AggId], style: AggStyle, a: &Row, b: &Row) -> Ordering {
        let Some(layout) = ids.first().and_then(|&id| self.layout(id)) else {
            return Ordering::Equal;
        };
        let keys = || compare_keys(&layout.keys, &a.key, &b.key, style.key_pos);
        let n = ids.len();
        let values = || {
            (0..n)
                .map(|i| (i + style.pos) % n)
                .filter_map(|i| {
                    let func = self.layout(*ids.get(i)?)?.func;
                    Some(compare_values(
                        func,
                        &a.values.get(i)?.data,
                        &b.values.get(i)?.data,
                    ))
                })
                .find(|o| o.is_ne())
                .unwrap_or(Ordering::Equal)
        };
        let order = match style.by_key {
            true => keys().then_with(values),
            false => values().then_with(keys),
        };
        match style.reverse {
            true => order.reverse(),
            false => order,
        }
    }

    /// The rows of one or several aggregations, in their order. A key that one of several lacks has zeros there.
    fn rows(&self, ids: &[AggId], style: AggStyle, symbols: &mut Symbols) -> Vec<Row> {
        let mut seen = HashMap::new();
        let mut tables: Vec<HashMap<Vec<u8>, Shown>> = Vec::with_capacity(ids.len());
        for &id in ids {
            let Some(layout) = self.layout(id) else {
                continue;
            };
            let mut table: HashMap<Vec<u8>, Shown> = HashMap::new();
            for (key, value) in self.shown(id) {
                match table.entry(by_symbol(&layout.keys, key, &mut seen, symbols)) {
                    Entry::Vacant(e) => {
                        e.insert(value);
                    }
                    Entry::Occupied(mut e) => {
                        let data = merge(layout.func, &e.get().data, &value.data);
                        e.get_mut().data = data;
                        for (cpu, data) in value.cpus {
                            let cpus = &mut e.get_mut().cpus;
                            match cpus.iter_mut().find(|(n, _)| *n == cpu) {
                                // A CPU that did not update one of them.
                                Some((_, old)) if old.is_empty() => *old = data,
                                Some(_) if data.is_empty() => {}
                                Some((_, old)) => *old = merge(layout.func, old, &data),
                                None => cpus.push((cpu, data)),
                            }
                        }
                    }
                }
            }
            tables.push(table);
        }
        let keys: BTreeSet<&Vec<u8>> = tables.iter().flat_map(|t| t.keys()).collect();
        let mut rows: Vec<Row> = keys
            .into_iter()
            .map(|k| Row {
                key: k.clone(),
                values: tables
                    .iter()
                    .map(|t| {
                        t.get(k).cloned().unwrap_or(Shown {
                            data: Vec::new(),
                            normal: 1,
                            cpus: Vec::new(),
                        })
                    })
                    .collect(),
            })
            .collect();
        rows.sort_by(|a, b| self.compare(ids, style, a, b));
        rows
    }

    /// `printa(…)`.
    pub fn printa(
        &mut self,
        out: &mut Vec<u8>,
        format: Option<&Format>,
        ids: &[AggId],
        style: AggStyle,
        symbols: &mut Symbols,
        session: &mut dyn Session,
    ) -> Result<(), BackendError> {
        for &id in ids {
            self.refresh(id, session)?;
            if let Some(a) = self.aggs.get_mut(id.0 as usize) {
                a.printed = true;
            }
        }
        match format {
            None => {
                out.push(b'\n');
                self.print_rows(out, ids, style, symbols);
            }
            Some(format) => self.print_formatted(out, format, ids, style, symbols),
        }
        Ok(())
    }

    /// Everything that no `printa` printed, at the end.
    pub fn print_rest(
        &mut self,
        out: &mut Vec<u8>,
        style: AggStyle,
        symbols: &mut Symbols,
        session: &mut dyn Session,
    ) -> Result<(), BackendError> {
        let mut ids: Vec<AggId> = (0..self.aggs.len()).map(|i| AggId(i as u32)).collect();
        ids.retain(|id| self.aggs.get(id.0 as usize).is_some_and(|a| !a.printed));
        if style.reverse {
            ids.reverse();
        }
        for id in ids {
            self.refresh(id, session)?;
            self.print_rows(out, &[id], style, symbols);
        }
        Ok(())
    }

    /// The default layout: keys, then values, on one line.
    fn print_rows(&self, out: &mut Vec<u8>, ids: &[AggId], style: AggStyle, symbols: &mut Symbols) {
        let Some(layout) = ids.first().and_then(|&id| self.layout(id)) else {
            return;
        };
        let rows = self.rows(ids, style, symbols);
        if let [_] = ids
            && self.print_on_lines(out, layout, &rows, style, symbols)
        {
            return;
        }
        for row in rows {
            for f in &layout.keys {
                record::key(out, &key_member(f, &row.key), style.datum, symbols);
            }
            for (&id, v) in ids.iter().zip(&row.values) {
                let Some(func) = self.layout(id).map(|l| l.func) else {
                    continue;
                };
                self.print_value(out, func, &v.data, v.normal, style);
                for (cpu, data) in &v.cpus {
                    // Writing to a Vec never fails.
                    let _ = write!(out, "\n    [CPU {cpu}]");
                    self.print_value(out, func, data, v.normal, style);
                }
            }
            out.push(b'\n');
        }
    }

    fn print_value(
        &self,
        out: &mut Vec<u8>,
        func: AggFunc,
        data: &[i64],
        normal: i64,
        style: AggStyle,
    ) {
        match is_picture(func) {
            true => self.draw(out, func, data, normal, style),
            false => {
                let _ = write!(out, " {:>16}", number(func, data, normal));
            }
        }
    }

    /// `agghist` and `aggpack`: a line for each key, under one heading. Whether that is how this aggregation is shown.
    fn print_on_lines(
        &self,
        out: &mut Vec<u8>,
        layout: &AggLayout,
        rows: &[Row],
        style: AggStyle,
        symbols: &mut Symbols,
    ) -> bool {
        let func = layout.func;
        let hist =
            style.hist && matches!(func, AggFunc::Count | AggFunc::Sum) && !layout.keys.is_empty();
        let pack = style.pack && is_picture(func);
        let tall = |f: &KeyField| matches!(f.ty, KeyType::Stack { .. } | KeyType::Ustack { .. });
        if !hist && !pack || layout.keys.iter().any(tall) || rows.is_empty() {
            return false;
        }
        let mut lines = Vec::new();
        for row in rows {
            let quiet = Style {
                quiet: true,
                ..style.datum
            };
            let mut label = Vec::new();
            for (n, f) in layout.keys.iter().enumerate() {
                if n > 0 {
                    label.push(b' ');
                }
                let mut text = Vec::new();
                record::trace(&mut text, &key_member(f, &row.key), quiet, symbols);
                label.extend_from_slice(text.trim_ascii());
            }
            let label = String::from_utf8_lossy(&label).into_owned();
            if let Some(v) = row.values.first() {
                lines.push((label, v));
            }
        }
        let mut text = String::new();
        if hist {
            let lines: Vec<(String, i64, i64)> = lines
                .into_iter()
                .map(|(label, v)| (label, v.data.first().copied().unwrap_or(0), v.normal))
                .collect();
            quantize::draw_keys(&mut text, &lines, style.zoom);
        } else {
            let lines: Vec<quantize::Packed<'_>> = lines
                .iter()
                .map(|(label, v)| quantize::Packed {
                    label,
                    data: &v.data,
                    normal: v.normal,
                })
                .collect();
            quantize::draw_packed(&mut text, func, &lines, style.zoom, style.utf8);
        }
        out.extend_from_slice(text.as_bytes());
        true
    }

    fn draw(&self, out: &mut Vec<u8>, func: AggFunc, data: &[i64], normal: i64, style: AggStyle) {
        let mut s = String::new();
        quantize::draw(&mut s, func, data, normal, style.zoom);
        out.extend_from_slice(s.as_bytes());
    }

    /// A format for each row: plain conversions take the key's members, `@` ones the values.
    fn print_formatted(
        &self,
        out: &mut Vec<u8>,
        format: &Format,
        ids: &[AggId],
        style: AggStyle,
        symbols: &mut Symbols,
    ) {
        let Some(layout) = ids.first().and_then(|&id| self.layout(id)) else {
            return;
        };
        for row in self.rows(ids, style, symbols) {
            let mut members = layout.keys.iter().map(|f| key_member(f, &row.key));
            let mut value = |out: &mut Vec<u8>, c: &Conv, spec: Spec, nth: usize| {
                // Fewer `@` than aggregations or more: they start over.
                let i = nth % ids.len().max(1);
                let func = ids.get(i).and_then(|&id| self.layout(id)).map(|l| l.func);
                let (Some(func), Some(v)) = (func, row.values.get(i)) else {
                    return;
                };
                if is_picture(func) {
                    return self.draw(out, func, &v.data, v.normal, style);
                }
                let n = number(func, &v.data, v.normal);
                match c.kind {
                    ConvKind::AggDefault => spec.number(out, ConvKind::Dec, n as u64, 8, true),
                    kind => spec.number(out, kind, n as u64, 8, true),
                }
            };
            printf::print(out, format, &mut members, symbols, &mut value);
        }
    }
}

#[cfg(test)]
#[path = "agg_tests.rs"]
mod tests;
