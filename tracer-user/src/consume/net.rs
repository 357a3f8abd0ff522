//! Names of hosts (`%I`) and of ports (`%P`).

use std::collections::HashMap;
use std::ffi::CStr;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, OnceLock};

/// The service at a port, after `/etc/services`; the number where it has no name.
pub fn service_name(port: u16) -> String {
    static NAMES: OnceLock<HashMap<u16, String>> = OnceLock::new();
    NAMES
        .get_or_init(|| services(&std::fs::read_to_string("/etc/services").unwrap_or_default()))
        .get(&port)
        .cloned()
        .unwrap_or_else(|| port.to_string())
}

/// Lines of `name port/protocol …`; the first name of a port counts.
fn services(text: &str) -> HashMap<u16, String> {
    let mut names = HashMap::new();
    for line in text.lines() {
        let mut words = line
            .split('#')
            .next()
            .unwrap_or_default()
            .split_ascii_whitespace();
        let (Some(name), Some(port)) = (words.next(), words.next()) else {
            continue;
        };
        if let Some(Ok(port)) = port.split('/').next().map(str::parse::<u16>) {
            names.entry(port).or_insert_with(|| name.to_owned());
        }
    }
    names
}

/// The host with an address; the address itself where it has no name. Answers are kept: a name server may be slow.
pub fn host_name(address: &[u8]) -> String {
    static NAMES: OnceLock<Mutex<HashMap<IpAddr, String>>> = OnceLock::new();
    let text = String::from_utf8_lossy(address).into_owned();
    let Ok(ip) = text.parse::<IpAddr>() else {
        return text;
    };
    let names = NAMES.get_or_init(Mutex::default);
    let mut names = names
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    names
        .entry(ip)
        .or_insert_with(|| reverse(ip).unwrap_or(text))
        .clone()
}

fn reverse(ip: IpAddr) -> Option<String> {
    let mut host = [0 as libc::c_char; 256];
    let flags = libc::NI_NAMEREQD;
    let answer = match SocketAddr::new(ip, 0) {
        SocketAddr::V4(a) => {
            // SAFETY: all-zero is a valid sockaddr_in.
            let mut sa: libc::sockaddr_in = unsafe { std::mem::zeroed() };
            sa.sin_family = libc::AF_INET as libc::sa_family_t;
            sa.sin_addr.s_addr = u32::from_ne_bytes(a.ip().octets());
            // SAFETY: the address is a live sockaddr_in of the length given; the buffer's length is its own.
            unsafe {
                libc::getnameinfo(
                    (&raw const sa).cast(),
                    size_of_val(&sa) as libc::socklen_t,
                    host.as_mut_ptr(),
                    host.len() as libc::socklen_t,
                    std::ptr::null_mut(),
                    0,
                    flags,
                )
            }
        }
        SocketAddr::V6(a) => {
            // SAFETY: all-zero is a valid sockaddr_in6.
            let mut sa: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
            sa.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            sa.sin6_addr.s6_addr = a.ip().octets();
            // SAFETY: as above, with a sockaddr_in6.
            unsafe {
                libc::getnameinfo(
                    (&raw const sa).cast(),
                    size_of_val(&sa) as libc::socklen_t,
                    host.as_mut_ptr(),
                    host.len() as libc::socklen_t,
                    std::ptr::null_mut(),
                    0,
                    flags,
                )
            }
        }
    };
    if answer != 0 {
        return None;
    }
    // SAFETY: getnameinfo succeeded, so the buffer holds a NUL-terminated string.
    Some(
        unsafe { CStr::from_ptr(host.as_ptr()) }
            .to_string_lossy()
            .into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_by_port() {
        let s = services(
            "# comment\nssh\t22/tcp # x\ndomain 53/tcp\ndomain2 53/udp\nbad\nworse x/tcp\n",
        );
        assert_eq!(s.get(&22).map(String::as_str), Some("ssh"));
        assert_eq!(s.get(&53).map(String::as_str), Some("domain"));
        assert_eq!(s.len(), 2);
        assert_eq!(service_name(1), service_name(1));
    }

    #[test]
    fn what_is_no_address_stays() {
        assert_eq!(host_name(b"not an address"), "not an address");
    }
}
