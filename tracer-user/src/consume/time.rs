//! Local dates, and the locale's way to group digits, from the C library.

use std::ffi::CStr;
use std::sync::OnceLock;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

struct Local {
    tm: libc::tm,
    zone: String,
}

fn local(ns: i64) -> Option<Local> {
    // Of 32 bits in a 32-bit program.
    #[allow(clippy::useless_conversion)]
    let seconds = libc::time_t::try_from(ns.div_euclid(1_000_000_000)).ok()?;
    // SAFETY: all-zero is a valid `tm` (integers and a pointer that may be null).
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live locals of the right types.
    if unsafe { libc::localtime_r(&seconds, &mut tm) }.is_null() {
        return None;
    }
    let zone = match tm.tm_zone.is_null() {
        true => String::new(),
        // SAFETY: not null, and localtime_r makes it point to a NUL-terminated string of the C library's.
        false => unsafe { CStr::from_ptr(tm.tm_zone) }
            .to_string_lossy()
            .into_owned(),
    };
    Some(Local { tm, zone })
}

fn name(table: &[&'static str], i: libc::c_int) -> &'static str {
    usize::try_from(i)
        .ok()
        .and_then(|i| table.get(i))
        .copied()
        .unwrap_or("?")
}

/// `%Y`: `1973 Dec  3 17:20:00`.
pub fn date(ns: i64) -> String {
    match local(ns) {
        Some(Local { tm, .. }) => format!(
            "{} {} {:>2} {:02}:{:02}:{:02}",
            tm.tm_year + 1900,
            name(&MONTHS, tm.tm_mon),
            tm.tm_mday,
            tm.tm_hour,
            tm.tm_min,
            tm.tm_sec
        ),
        None => ns.to_string(),
    }
}

/// `%T`: `Mon, 03 Dec 1973 17:20:00 PST`.
pub fn rfc822(ns: i64) -> String {
    match local(ns) {
        Some(Local { tm, zone }) => format!(
            "{}, {:02} {} {} {:02}:{:02}:{:02} {zone}",
            name(&DAYS, tm.tm_wday),
            tm.tm_mday,
            name(&MONTHS, tm.tm_mon),
            tm.tm_year + 1900,
            tm.tm_hour,
            tm.tm_min,
            tm.tm_sec
        ),
        None => ns.to_string(),
    }
}

/// What stands between groups of three digits for `%'d`: nothing in the C locale.
pub fn thousands_separator() -> String {
    static SEPARATOR: OnceLock<String> = OnceLock::new();
    SEPARATOR
        .get_or_init(|| {
            // SAFETY: called once, and no other thread of ours uses the C library's locale; localeconv's result is read
            // before anything could change it.
            unsafe {
                libc::setlocale(libc::LC_NUMERIC, c"".as_ptr());
                let conv = libc::localeconv();
                if conv.is_null() || (*conv).thousands_sep.is_null() {
                    return String::new();
                }
                CStr::from_ptr((*conv).thousands_sep)
                    .to_string_lossy()
                    .into_owned()
            }
        })
        .clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_their_shape() {
        // Whatever the zone: the shape, and the year of a day in its middle.
        let ns = 1_000_000_000 * 1_000_000_000;
        let d = date(ns);
        assert!(d.starts_with("2001 Sep "), "{d}");
        assert_eq!(d.len(), 20, "{d}");
        let t = rfc822(ns);
        assert!(t.contains(" Sep 2001 "), "{t}");
        assert_eq!(t.as_bytes()[3], b',');
    }

    #[test]
    fn before_the_epoch() {
        assert!(date(-86_400 * 1_000_000_000 * 200).starts_with("1969"));
    }
}
