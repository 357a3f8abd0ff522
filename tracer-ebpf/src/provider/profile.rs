//! `profile-N` (on every CPU) and `tick-N` (on one): timers.
//!
//! The usual rates are listed; any other is made when a description names it without wildcards. `N` alone and `Nhz` are
//! times per second, with another unit it is the period.

use super::glob::Pattern;
use super::{Facts, Provider, no_args, no_reason, probe};
use crate::site::{ProbeInfo, Site};
use std::sync::Mutex;

/// Shorter periods would leave the machine no time for anything else (DTrace has the same limit).
pub const SHORTEST_NS: u64 = 200_000;

const LISTED: [(&str, bool, &[u32]); 2] = [
    ("profile", true, &[97, 199, 499, 997, 1999, 4001, 4999]),
    ("tick", false, &[1, 10, 100, 500, 1000, 5000]),
];

/// Units of a period, in nanoseconds; `hz` (0) divides.
const UNITS: [(&str, u64); 17] = [
    ("", 0),
    ("hz", 0),
    ("ns", 1),
    ("nsec", 1),
    ("us", 1_000),
    ("usec", 1_000),
    ("ms", 1_000_000),
    ("msec", 1_000_000),
    ("s", 1_000_000_000),
    ("sec", 1_000_000_000),
    ("m", 60_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("hour", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("day", 86_400_000_000_000),
    ("days", 86_400_000_000_000),
];

const FIRST: u32 = 10_000;
// Six digits: the column of ids is that wide.
const FIRST_ON_DEMAND: u32 = 900_000;

/// The row of the usual rates.
pub const PROVIDER: Provider = Provider {
    name: "profile",
    ids: FIRST..FIRST + 100,
    list,
    by_id,
    args: no_args,
    why_none: no_reason,
};

/// The row of those that were named. Their ids come after all others, in the order in which this process met them.
pub const ON_DEMAND: Provider = Provider {
    name: "profile",
    ids: FIRST_ON_DEMAND..u32::MAX,
    list: list_on_demand,
    by_id: by_id_on_demand,
    args: no_args,
    why_none,
};

/// Probes made on demand, by position.
static MADE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What a probe name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parsed {
    /// Not of this provider.
    Foreign,
    /// Shorter than allowed, or zero, or too long to count.
    OutOfRange,
    Timer {
        period_ns: u64,
        per_cpu: bool,
    },
}

fn parse(name: &str) -> Parsed {
    let Some((per_cpu, rest)) = LISTED.iter().find_map(|(prefix, per_cpu, _)| {
        Some((*per_cpu, name.strip_prefix(prefix)?.strip_prefix('-')?))
    }) else {
        return Parsed::Foreign;
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = rest.split_at(digits);
    let unit = UNITS.iter().find(|(u, _)| u.eq_ignore_ascii_case(unit));
    let (Some(&(_, scale)), false) = (unit, number.is_empty()) else {
        return Parsed::Foreign;
    };
    let period = match number.parse::<u64>() {
        Ok(n) if n > 0 && scale == 0 => Some(1_000_000_000 / n),
        Ok(n) if n > 0 => n.checked_mul(scale),
        _ => None,
    };
    match period {
        // The kernel's software clock takes a signed number.
        Some(period_ns) if period_ns >= SHORTEST_NS && period_ns <= i64::MAX as u64 => {
            Parsed::Timer { period_ns, per_cpu }
        }
        _ => Parsed::OutOfRange,
    }
}

fn make(id: u32, name: &str) -> Option<ProbeInfo> {
    let Parsed::Timer { period_ns, per_cpu } = parse(name) else {
        return None;
    };
    let site = Site::Timer { period_ns, per_cpu };
    Some(probe(id, "profile", "", "", name, site))
}

fn listed() -> impl Iterator<Item = String> {
    LISTED
        .iter()
        .flat_map(|(prefix, _, rates)| rates.iter().map(move |n| format!("{prefix}-{n}")))
}

fn list(_: &dyn Facts, pattern: &Pattern, out: &mut Vec<ProbeInfo>) {
    let matching = (FIRST..)
        .zip(listed())
        .filter(|(_, n)| pattern.matches("", "", n));
    out.extend(matching.filter_map(|(id, n)| make(id, &n)));
}

fn by_id(_: &dyn Facts, id: u32) -> Option<ProbeInfo> {
    let name = listed().nth(id.checked_sub(FIRST)? as usize)?;
    make(id, &name)
}

/// The name that a description asks for, if it can be of this provider and is not listed.
fn asked(pattern: &Pattern) -> Option<&str> {
    let name = pattern.name.literal()?;
    (pattern.matches("", "", name) && !listed().any(|n| n == name)).then_some(name)
}

fn list_on_demand(_: &dyn Facts, pattern: &Pattern, out: &mut Vec<ProbeInfo>) {
    let Some(name) = asked(pattern) else { return };
    if !matches!(parse(name), Parsed::Timer { .. }) {
        return;
    }
    let mut made = MADE.lock().unwrap_or_else(|e| e.into_inner());
    let at = made.iter().position(|n| n == name).unwrap_or_else(|| {
        made.push(name.to_owned());
        made.len() - 1
    });
    out.extend(make(FIRST_ON_DEMAND + at as u32, name));
}

fn by_id_on_demand(_: &dyn Facts, id: u32) -> Option<ProbeInfo> {
    let made = MADE.lock().unwrap_or_else(|e| e.into_inner());
    let name = made.get(id.checked_sub(FIRST_ON_DEMAND)? as usize)?;
    make(id, name)
}

fn why_none(_: &dyn Facts, pattern: &Pattern) -> Option<String> {
    let name = asked(pattern)?;
    match parse(name) {
        Parsed::OutOfRange => Some(format!(
            "the shortest period of profile and tick probes is {} µs (5000 times a second)",
            SHORTEST_NS / 1000
        )),
        Parsed::Foreign => Some(
            "profile probes are called profile-N or tick-N, N with a unit (ns, us, ms, s, m, h, d) or times a second"
                .to_owned(),
        ),
        Parsed::Timer { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        let ns = |name: &str| match parse(name) {
            Parsed::Timer { period_ns, per_cpu } => Some((period_ns, per_cpu)),
            _ => None,
        };
        assert_eq!(ns("profile-97"), Some((1_000_000_000 / 97, true)));
        assert_eq!(ns("profile-97hz"), ns("profile-97"));
        assert_eq!(ns("tick-1s"), Some((1_000_000_000, false)));
        assert_eq!(ns("tick-1"), ns("tick-1sec"));
        for (name, period) in [
            ("tick-200us", 200_000),
            ("tick-200000ns", 200_000),
            ("tick-200000nsec", 200_000),
            ("tick-300usec", 300_000),
            ("tick-10ms", 10_000_000),
            ("tick-10msec", 10_000_000),
            ("tick-2m", 120_000_000_000),
            ("tick-2min", 120_000_000_000),
            ("tick-1h", 3_600_000_000_000),
            ("tick-1hour", 3_600_000_000_000),
            ("tick-1d", 86_400_000_000_000),
            ("tick-1day", 86_400_000_000_000),
            ("tick-5000", 200_000),
        ] {
            assert_eq!(ns(name), Some((period, false)), "{name}");
        }
        for name in [
            "tick-5001",
            "tick-199us",
            "tick-0",
            "profile-0s",
            "tick-99999999999999999999d",
        ] {
            assert_eq!(parse(name), Parsed::OutOfRange, "{name}");
        }
        for name in [
            "tick-",
            "tick-s",
            "tick-1x",
            "tock-1",
            "tick1",
            "profile",
            "tick--1",
            "tick-1.5s",
        ] {
            assert_eq!(parse(name), Parsed::Foreign, "{name}");
        }
    }
}
