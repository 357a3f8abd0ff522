//! What DIF's string subroutines compute, as functions of bytes: the definition that every engine follows.
//!
//! The interpreter calls these; the lowering pass must emit code that gives the same bytes. Nothing here knows about
//! memory, addresses or `strsize`: a string argument has already been *cut* to `strsize - 1` bytes and holds no NUL (see
//! the rules in [`super::interp`]). Each definition is DTrace's, and each can be computed by a loop bounded by the lengths
//! of the arguments.

/// `substr(s, idx[, len])`.
///
/// A negative `idx` counts from the end; where it reaches before the start, the part of `len` that lies there is lost
/// (`substr("abc", -5, 4)` is `"ab"`), and with nothing left the result is empty. A negative `len` leaves off so many bytes
/// at the end. `idx` at or past the end gives the empty string. No `len` means all the rest (all, for an `idx` before the start).
pub fn substr(s: &[u8], idx: i64, len: Option<i64>) -> &[u8] {
    let slen = s.len() as i64;
    let mut index = if idx < 0 { idx + slen } else { idx };
    let mut remaining = len.unwrap_or(slen);
    if index < 0 {
        match len {
            None => index = 0,
            // Both negative can overflow, and is empty anyway.
            Some(len) if len > 0 && index + len > 0 => {
                remaining = index + len;
                index = 0;
            }
            Some(_) => {}
        }
    }
    if index < 0 || index >= slen {
        return &[];
    }
    if remaining < 0 {
        remaining += slen - index;
    }
    let start = index as usize;
    let count = remaining.clamp(0, slen - index) as usize;
    s.get(start..start + count).unwrap_or(&[])
}

/// Offset of the first `sub` in `s`. An empty `sub` is found at 0.
pub fn strstr(s: &[u8], sub: &[u8]) -> Option<usize> {
    if sub.is_empty() {
        return Some(0);
    }
    s.windows(sub.len()).position(|w| w == sub)
}

/// `index(s, sub[, pos])`: Perl's. Offset of the first `sub` at `pos` or later, or -1.
///
/// `pos` below 0 counts as 0. At or past the end nothing is found, but an empty `sub` is found at the end. Two empty
/// strings give 0 whatever `pos` is.
pub fn index(s: &[u8], sub: &[u8], pos: Option<i64>) -> i64 {
    if s.is_empty() && sub.is_empty() {
        return 0;
    }
    let start = pos.unwrap_or(0).max(0);
    if start >= s.len() as i64 {
        return if sub.is_empty() && pos.is_some() {
            s.len() as i64
        } else {
            -1
        };
    }
    let start = start as usize;
    match s.get(start..).and_then(|rest| strstr(rest, sub)) {
        Some(at) => (start + at) as i64,
        None => -1,
    }
}

/// `rindex(s, sub[, pos])`: Perl's. Offset of the last `sub` that starts at `pos` or before, or -1.
///
/// `pos` past the end counts as the end. Below 0 nothing is found, but an empty `sub` is found at 0.
pub fn rindex(s: &[u8], sub: &[u8], pos: Option<i64>) -> i64 {
    if s.is_empty() && sub.is_empty() {
        return 0;
    }
    let pos = pos.unwrap_or(i64::MAX);
    if pos < 0 {
        return if sub.is_empty() { 0 } else { -1 };
    }
    let start = pos.min(s.len() as i64) as usize;
    (0..=start)
        .rev()
        .find(|&i| s.get(i..).is_some_and(|rest| rest.starts_with(sub)))
        .map_or(-1, |i| i as i64)
}

/// `strchr`/`strrchr`: offset of the first or last byte `c`. The terminating NUL counts: `c` = 0 is found at the end.
pub fn strchr(s: &[u8], c: u8, last: bool) -> Option<usize> {
    if c == 0 {
        return Some(s.len());
    }
    if last {
        s.iter().rposition(|&b| b == c)
    } else {
        s.iter().position(|&b| b == c)
    }
}

/// `basename(path)`: trailing slashes don't count; all slashes give `/`; the empty string gives `.`.
pub fn basename(s: &[u8]) -> &[u8] {
    if s.is_empty() {
        return b".";
    }
    let Some(last) = s.iter().rposition(|&b| b != b'/') else {
        return b"/";
    };
    let trimmed = s.get(..=last).unwrap_or(s);
    let first = trimmed
        .iter()
        .rposition(|&b| b == b'/')
        .map_or(0, |i| i + 1);
    trimmed.get(first..).unwrap_or(trimmed)
}

/// `dirname(path)`: what stands before [`basename`] without the slashes between; `/` if only slashes do, `.` if nothing does.
pub fn dirname(s: &[u8]) -> &[u8] {
    let Some(last) = s.iter().rposition(|&b| b != b'/') else {
        return if s.is_empty() { b"." } else { b"/" };
    };
    let Some(slash) = s
        .get(..=last)
        .and_then(|t| t.iter().rposition(|&b| b == b'/'))
    else {
        return b".";
    };
    match s
        .get(..slash)
        .and_then(|t| t.iter().rposition(|&b| b != b'/'))
    {
        Some(end) => s.get(..=end).unwrap_or(b"/"),
        None => b"/",
    }
}

/// `cleanpath(path)`, without regard to symbolic links.
///
/// The text is taken apart at its slashes. What stands before the first slash is kept as it is. Of the components after
/// it, an empty one or a `.` is dropped with its slash, unless it is the last (so a final `/` or `/.` stays); a `..` drops
/// what has been kept from its last slash on (everything, where there is none) and, if it is the last, leaves a final
/// slash; any other is kept. The result is never longer than the argument.
pub fn cleanpath(s: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    let mut parts = s.split(|&b| b == b'/').peekable();
    out.extend_from_slice(parts.next().unwrap_or(b""));
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        match part {
            b"" | b"." if !last => {}
            b".." => {
                let keep = out.iter().rposition(|&b| b == b'/').unwrap_or(0);
                out.truncate(keep);
                if last {
                    out.push(b'/');
                }
            }
            _ => {
                out.push(b'/');
                out.extend_from_slice(part);
            }
        }
    }
    out
}

/// One step of `strtok`: skips the delimiters at `pos`, gives the token and the position after it (*on* the delimiter that
/// ended it, which the next call skips if it is still one). `None`: nothing but delimiters is left.
pub fn strtok<'a>(s: &'a [u8], pos: usize, delims: &[u8]) -> Option<(&'a [u8], usize)> {
    let rest = s.get(pos..)?;
    let skip = rest.iter().position(|b| !delims.contains(b))?;
    let token = rest.get(skip..)?;
    let len = token
        .iter()
        .position(|b| delims.contains(b))
        .unwrap_or(token.len());
    Some((token.get(..len)?, pos + skip + len))
}

/// `lltostr(v[, base])`: lower-case digits. Only base 10 is signed; base 8 has a `0` before it, base 16 a `0x`; zero is `0`
/// (`0x0` in base 16). At most 65 bytes. `None`: `base` is not 2 to 36 (fault ILLOP).
pub fn lltostr(v: i64, base: i64) -> Option<Vec<u8>> {
    let base = u64::try_from(base).ok().filter(|b| (2..=36).contains(b))?;
    let mut val = if base == 10 {
        v.unsigned_abs()
    } else {
        v as u64
    };
    let mut out = Vec::with_capacity(66);
    while val != 0 {
        let digit = (val % base) as u8;
        out.push(if digit < 10 {
            b'0' + digit
        } else {
            b'a' + (digit - 10)
        });
        val /= base;
    }
    if v == 0 {
        out.push(b'0');
    }
    match base {
        16 => out.extend_from_slice(b"x0"),
        8 if v != 0 => out.push(b'0'),
        10 if v < 0 => out.push(b'-'),
        _ => {}
    }
    out.reverse();
    Some(out)
}

/// `strtoll(s[, base])`: blanks and tabs, one sign, in base 16 a `0x` that a hex digit follows, then as many digits as there
/// are. No digit gives 0; too many wrap. `None`: `base` is not 2 to 36 (fault ILLOP).
pub fn strtoll(s: &[u8], base: i64) -> Option<i64> {
    let base = u32::try_from(base).ok().filter(|b| (2..=36).contains(b))?;
    let start = s
        .iter()
        .position(|&b| b != b' ' && b != b'\t')
        .unwrap_or(s.len());
    let mut rest = s.get(start..).unwrap_or(&[]);
    let mut neg = false;
    if let [sign @ (b'-' | b'+'), tail @ ..] = rest {
        neg = *sign == b'-';
        rest = tail;
    }
    if base == 16
        && let [b'0', b'x' | b'X', tail @ ..] = rest
        && tail.first().is_some_and(u8::is_ascii_hexdigit)
    {
        rest = tail;
    }
    let mut val = 0i64;
    for digit in rest.iter().map_while(|&b| char::from(b).to_digit(base)) {
        val = val
            .wrapping_mul(i64::from(base))
            .wrapping_add(i64::from(digit));
    }
    Some(if neg { val.wrapping_neg() } else { val })
}

/// `inet_ntoa`: four bytes in network order.
pub fn ipv4(addr: [u8; 4]) -> Vec<u8> {
    std::net::Ipv4Addr::from(addr).to_string().into_bytes()
}

/// `inet_ntoa6`: sixteen bytes in network order, as RFC 5952 writes them (the first longest run of two or more zero groups
/// becomes `::`; `::ffff:a.b.c.d` for mapped addresses).
pub fn ipv6(addr: [u8; 16]) -> Vec<u8> {
    std::net::Ipv6Addr::from(addr).to_string().into_bytes()
}

/// `link_ntop`: the bytes of a hardware address in hexadecimal, by its type (ARPHRD_ETHER, ARPHRD_INFINIBAND): how many
/// there are. `None`: another type (fault ILLOP).
pub fn link_len(kind: u64) -> Option<usize> {
    match kind {
        1 => Some(6),
        32 => Some(20),
        _ => None,
    }
}

/// See [`link_len`].
pub fn link(addr: &[u8]) -> Vec<u8> {
    let parts: Vec<String> = addr.iter().map(|b| format!("{b:02x}")).collect();
    parts.join(":").into_bytes()
}

/// `memstr(mem, c, size)`: NULs become `c`, the last byte becomes the NUL that ends it.
pub fn memstr(mem: &[u8], c: u8) -> Vec<u8> {
    let all = mem.split_last().map_or(&[][..], |(_, all)| all);
    all.iter().map(|&b| if b == 0 { c } else { b }).collect()
}

/// `json(text, path)`: the element that `path` (`a.b[2].c`, `[0].x`) names.
///
/// A string gives what stands between its quotes, escapes as written; a number, `true`, `false` or `null` its text; an
/// object or array its whole text. `None` (D's NULL): no such element, a path that is none, or text that is not JSON up to
/// the end of the element. Of two members of one name the first counts. Names are compared as written, escapes included.
pub fn json<'a>(text: &'a [u8], path: &[u8]) -> Option<&'a [u8]> {
    let mut at = Json { s: text, pos: 0 };
    let mut path = path;
    let mut first = true;
    while !path.is_empty() {
        at.blanks();
        if let [b'[', tail @ ..] = path {
            let close = tail.iter().position(|&b| b == b']')?;
            let digits = tail.get(..close)?;
            if !digits.iter().all(u8::is_ascii_digit) {
                return None;
            }
            let n = std::str::from_utf8(digits).ok()?.parse::<u32>().ok()?;
            at.element(n)?;
            path = tail.get(close + 1..)?;
        } else {
            let name = match path {
                [b'.', tail @ ..] if !first => tail,
                _ if first => path,
                _ => return None,
            };
            let end = name
                .iter()
                .position(|&b| b == b'.' || b == b'[')
                .unwrap_or(name.len());
            if end == 0 {
                return None;
            }
            at.member(name.get(..end)?)?;
            path = name.get(end..)?;
        }
        first = false;
    }
    at.blanks();
    let start = at.pos;
    at.skip_value()?;
    let value = text.get(start..at.pos)?;
    match value {
        [b'"', inner @ .., b'"'] => Some(inner),
        _ => Some(value),
    }
}

/// A position in JSON text. All methods move forward only, so a walk is bounded by the length of the text.
struct Json<'a> {
    s: &'a [u8],
    pos: usize,
}

impl<'a> Json<'a> {
    fn peek(&self) -> Option<u8> {
        self.s.get(self.pos).copied()
    }
    fn eat(&mut self, b: u8) -> Option<()> {
        (self.peek()? == b).then(|| self.pos += 1)
    }
    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.pos += 1;
        }
    }
    /// A quoted string; gives what stands between the quotes.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.eat(b'"')?;
        let start = self.pos;
        loop {
            match self.peek()? {
                b'"' => {
                    let inner = self.s.get(start..self.pos);
                    self.pos += 1;
                    return inner;
                }
                b'\\' => self.pos += 2,
                _ => self.pos += 1,
            }
        }
    }
    /// Over one value of any kind. Nesting is counted, not recursed into.
    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            self.blanks();
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    self.pos += 1;
                    depth += 1;
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.pos += 1;
                }
                b',' | b':' => {
                    if depth == 0 {
                        return None;
                    }
                    self.pos += 1;
                    continue;
                }
                b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                    while matches!(
                        self.peek(),
                        Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')
                    ) {
                        self.pos += 1;
                    }
                }
                _ => return None,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
    /// To the value of member `name` of the object here.
    fn member(&mut self, name: &[u8]) -> Option<()> {
        self.eat(b'{')?;
        loop {
            self.blanks();
            let key = self.string()?;
            self.blanks();
            self.eat(b':')?;
            self.blanks();
            if key == name {
                return Some(());
            }
            self.skip_value()?;
            self.blanks();
            self.eat(b',')?;
        }
    }
    /// To element `n` of the array here.
    fn element(&mut self, n: u32) -> Option<()> {
        self.eat(b'[')?;
        for _ in 0..n {
            self.skip_value()?;
            self.blanks();
            self.eat(b',')?;
        }
        self.blanks();
        (self.peek()? != b']').then_some(())
    }
}
