//! Aggregations and counters read back: batched look-ups, the CPUs combined.

use super::sys::{self, Sizes};
use crate::backend::{AggEntry, BackendError};
use crate::image::AggLayout;
use dsl::program::AggFunc;
use std::io;
use std::os::fd::BorrowedFd;

/// Elements per batched look-up: enough that the call's cost vanishes, few enough that a value for many CPUs fits.
const BATCH: usize = 512;

/// Calls `each` with every element of a map, as it is now.
pub fn for_each(
    map: BorrowedFd<'_>,
    sizes: Sizes,
    each: &mut dyn FnMut(&[u8], &[u8]),
) -> io::Result<()> {
    // No more than 16 MB at once; a single bucket that is fuller than the batch doubles it.
    let mut count = BATCH.min((16 << 20) / sizes.value.max(1)).max(8);
    let mut cursor = None;
    loop {
        let mut keys = vec![0; count * sizes.key];
        let mut values = vec![0; count * sizes.value];
        match sys::map_lookup_batch(map, sizes, &mut cursor, &mut keys, &mut values, count) {
            Ok((n, end)) => {
                let pairs = keys.chunks_exact(sizes.key.max(1));
                for (k, v) in pairs.zip(values.chunks_exact(sizes.value.max(1))).take(n) {
                    each(k, v);
                }
                if end {
                    return Ok(());
                }
            }
            Err(e) if e.raw_os_error() == Some(libc::ENOSPC) && count < 1 << 20 => count *= 2,
            // Kernels before 5.6.
            Err(e) if e.raw_os_error() == Some(libc::EINVAL) && cursor.is_none() => {
                return one_by_one(map, sizes, each);
            }
            Err(e) => return Err(e),
        }
    }
}

fn one_by_one(
    map: BorrowedFd<'_>,
    sizes: Sizes,
    each: &mut dyn FnMut(&[u8], &[u8]),
) -> io::Result<()> {
    let mut key = vec![0; sizes.key];
    let mut next = vec![0; sizes.key];
    let mut value = vec![0; sizes.value];
    let mut from = None;
    while sys::map_next_key(map, sizes, from, &mut next)? {
        if sys::map_lookup(map, sizes, &next, &mut value)? {
            each(&next, &value);
        }
        std::mem::swap(&mut key, &mut next);
        from = Some(&key[..]);
    }
    Ok(())
}

/// All elements of an aggregation; `cpus`: with each CPU's own data.
pub fn read(
    map: BorrowedFd<'_>,
    sizes: Sizes,
    layout: &AggLayout,
    cpus: bool,
) -> Result<Vec<AggEntry>, BackendError> {
    let failed = |cause| BackendError::Io {
        what: "reading an aggregation".to_owned(),
        cause,
    };
    let words = layout.words as usize;
    let each = |value: &[u8]| match cpus {
        true => by_cpu(layout.func, words, value),
        false => Vec::new(),
    };
    let mut entries = Vec::new();
    if layout.keys.is_empty() {
        let mut value = vec![0; sizes.value];
        sys::map_lookup(map, sizes, &0_u32.to_ne_bytes(), &mut value).map_err(failed)?;
        let (data, updated) = combine(layout.func, words, &value);
        if updated {
            entries.push(AggEntry {
                key: Vec::new(),
                data,
                cpus: each(&value),
            });
        }
    } else {
        for_each(map, sizes, &mut |key, value| {
            entries.push(AggEntry {
                key: key.to_vec(),
                data: combine(layout.func, words, value).0,
                cpus: each(value),
            });
        })
        .map_err(failed)?;
    }
    Ok(entries)
}

/// How many words are data, the mark of an updated keyless aggregation aside.
fn data_words(func: AggFunc, words: usize) -> usize {
    match func {
        AggFunc::Count | AggFunc::Sum | AggFunc::Min | AggFunc::Max => words.min(1),
        AggFunc::Avg => words.min(2),
        AggFunc::Stddev => words.min(4),
        AggFunc::Quantize | AggFunc::Lquantize { .. } | AggFunc::Llquantize { .. } => words,
    }
}

/// The data of each CPU that updated the element.
pub fn by_cpu(func: AggFunc, words: usize, value: &[u8]) -> Vec<(u32, Vec<i64>)> {
    let cpus = value.chunks_exact((words * 8).max(1)).zip(0..);
    cpus.filter_map(|(one, cpu)| {
        let (data, updated) = combine(func, words, one);
        updated.then_some((cpu, data))
    })
    .collect()
}

/// One value out of all CPUs' (`words` u64 each), and whether any of them was ever updated.
pub fn combine(func: AggFunc, words: usize, value: &[u8]) -> (Vec<i64>, bool) {
    let n = data_words(func, words);
    let mut total = vec![0_u64; n];
    let mut updated = false;
    for cpu in value.chunks_exact((words * 8).max(1)) {
        let all: Vec<u64> = cpu
            .chunks_exact(8)
            .map(|w| w.try_into().map_or(0, u64::from_ne_bytes))
            .collect();
        updated |= all.iter().any(|&w| w != 0);
        let mut carry = false;
        for (i, (sum, &word)) in total.iter_mut().zip(&all).enumerate() {
            match func {
                AggFunc::Min | AggFunc::Max => *sum = (*sum).max(word),
                // Low and high half of the sum of squares.
                AggFunc::Stddev if i == 2 => (*sum, carry) = sum.overflowing_add(word),
                AggFunc::Stddev if i == 3 => {
                    *sum = sum.wrapping_add(word).wrapping_add(u64::from(carry));
                }
                _ => *sum = sum.wrapping_add(word),
            }
        }
    }
    let sign = i64::MIN as u64;
    let plain = total.into_iter().map(|w| match func {
        AggFunc::Max => (w ^ sign) as i64,
        AggFunc::Min => (!w ^ sign) as i64,
        _ => w as i64,
    });
    (plain.collect(), updated)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(words: &[u64]) -> Vec<u8> {
        words.iter().flat_map(|w| w.to_ne_bytes()).collect()
    }

    #[test]
    fn cpus_apart() {
        let value = bytes(&[3, 0, 4]);
        let want = vec![(0, vec![3]), (2, vec![4])];
        assert_eq!(by_cpu(AggFunc::Count, 1, &value), want);
        // Summed to zero, but updated.
        let value = bytes(&[0, 0, 0, 1]);
        assert_eq!(by_cpu(AggFunc::Sum, 2, &value), vec![(1, vec![0])]);
    }

    #[test]
    fn cpus_combined() {
        let sign = i64::MIN as u64;
        let max = |v: i64| v as u64 ^ sign;
        let min = |v: i64| !(v as u64 ^ sign);
        for (func, words, value, data, updated) in [
            (AggFunc::Count, 1, vec![3, 4], vec![7], true),
            (AggFunc::Count, 1, vec![0, 0], vec![0], false),
            // Summed to zero, but updated.
            (AggFunc::Sum, 2, vec![0, 0, 0, 1], vec![0], true),
            (AggFunc::Sum, 1, vec![5, -7_i64 as u64], vec![-2], true),
            (AggFunc::Max, 2, vec![max(-5), 1, 0, 0], vec![-5], true),
            (AggFunc::Max, 1, vec![max(-5), max(9)], vec![9], true),
            (AggFunc::Min, 1, vec![min(-5), min(9)], vec![-5], true),
            (AggFunc::Min, 2, vec![0, 0, min(9), 1], vec![9], true),
            (AggFunc::Avg, 2, vec![1, 10, 2, 20], vec![3, 30], true),
            (
                AggFunc::Stddev,
                4,
                vec![1, 2, u64::MAX, 0, 1, 2, 2, 5],
                vec![2, 4, 1, 6],
                true,
            ),
        ] {
            assert_eq!(
                combine(func, words, &bytes(&value)),
                (data, updated),
                "{func:?}"
            );
        }
    }
}
