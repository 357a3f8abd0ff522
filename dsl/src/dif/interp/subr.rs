//! The `call` instruction: takes the arguments off the tuple stack, reads what they point to, leaves the computing to
//! [`strfn`], and places the result in scratch.

use super::{ILLOP, Machine, Res, Stop, bad};
use crate::dif::{Fault, Subr, strfn};

/// Linux's address families.
const AF_INET: u64 = 2;
const AF_INET6: u64 = 10;

impl Machine<'_> {
    /// Argument `n`; a missing one is an illegal operation.
    fn arg(&self, n: usize) -> Res<u64> {
        self.opt(n).ok_or(ILLOP)
    }
    fn opt(&self, n: usize) -> Option<u64> {
        self.tuple.get(n).map(|p| p.value)
    }
    fn str_arg(&mut self, n: usize) -> Res<Vec<u8>> {
        let addr = self.arg(n)?;
        self.string(addr)
    }

    /// A new string in scratch, cut to `strsize`.
    fn new_string(&mut self, s: &[u8]) -> Res<u64> {
        let at = self.alloc(self.strsize as u64)?;
        let cut = s.get(..self.strsize - 1).unwrap_or(s);
        self.write(at, cut)?;
        Ok(at)
    }

    /// One subroutine. Exhaustive over the table.
    pub(super) fn call(&mut self, subr: Subr) -> Res<u64> {
        match subr {
            Subr::Rand => Ok(self.world.rand()),
            Subr::Strlen => Ok(self.str_arg(0)?.len() as u64),
            Subr::Strjoin => {
                let mut s = self.str_arg(0)?;
                s.extend_from_slice(&self.str_arg(1)?);
                if s.len() >= self.strsize {
                    return Err(Stop(Fault::NoScratch, 0));
                }
                self.new_string(&s)
            }
            Subr::Substr => {
                let s = self.str_arg(0)?;
                let (idx, len) = (self.arg(1)? as i64, self.opt(2).map(|v| v as i64));
                self.new_string(strfn::substr(&s, idx, len))
            }
            Subr::Strstr => {
                let (s, sub) = (self.str_arg(0)?, self.str_arg(1)?);
                self.inside(strfn::strstr(&s, &sub))
            }
            Subr::Strchr | Subr::Strrchr => {
                let s = self.str_arg(0)?;
                let c = self.arg(1)? as u8;
                self.inside(strfn::strchr(&s, c, subr == Subr::Strrchr))
            }
            Subr::Index | Subr::Rindex => {
                let (s, sub) = (self.str_arg(0)?, self.str_arg(1)?);
                let pos = self.opt(2).map(|v| v as i64);
                let f = if subr == Subr::Index {
                    strfn::index
                } else {
                    strfn::rindex
                };
                Ok(f(&s, &sub, pos) as u64)
            }
            Subr::Basename => {
                let s = self.str_arg(0)?;
                self.new_string(strfn::basename(&s))
            }
            Subr::Dirname => {
                let s = self.str_arg(0)?;
                self.new_string(strfn::dirname(&s))
            }
            Subr::Cleanpath => {
                let s = self.str_arg(0)?;
                self.new_string(&strfn::cleanpath(&s))
            }
            Subr::Toupper => {
                let s = self.str_arg(0)?;
                self.new_string(&s.to_ascii_uppercase())
            }
            Subr::Tolower => {
                let s = self.str_arg(0)?;
                self.new_string(&s.to_ascii_lowercase())
            }
            Subr::Strtok => self.strtok(),
            Subr::Lltostr => {
                let base = self.opt(1).unwrap_or(10) as i64;
                let s = strfn::lltostr(self.arg(0)? as i64, base).ok_or(ILLOP)?;
                self.new_string(&s)
            }
            Subr::Strtoll => {
                let s = self.str_arg(0)?;
                let base = self.opt(1).unwrap_or(10) as i64;
                Ok(strfn::strtoll(&s, base).ok_or(ILLOP)? as u64)
            }
            Subr::Json => {
                let (s, path) = (self.str_arg(0)?, self.str_arg(1)?);
                match strfn::json(&s, &path) {
                    Some(value) => self.new_string(value),
                    None => Ok(0),
                }
            }
            Subr::Htons | Subr::Ntohs => Ok(u64::from((self.arg(0)? as u16).to_be())),
            Subr::Htonl | Subr::Ntohl => Ok(u64::from((self.arg(0)? as u32).to_be())),
            Subr::Htonll | Subr::Ntohll => Ok(self.arg(0)?.to_be()),
            Subr::Getmajor => Ok(u64::from(self.arg(0)? as u32 >> 20)),
            Subr::Getminor => Ok(self.arg(0)? & 0xf_ffff),
            Subr::InetNtop => match self.arg(0)? {
                AF_INET => self.inet4(1),
                AF_INET6 => self.inet6(1),
                _ => Err(ILLOP),
            },
            Subr::LinkNtop => {
                let len = strfn::link_len(self.arg(0)?).ok_or(ILLOP)?;
                let addr = self.arg(1)?;
                let mut b = vec![0; len];
                self.read(addr, &mut b)?;
                self.new_string(&strfn::link(&b))
            }
            Subr::Memstr => {
                let (addr, c, size) = (self.arg(0)?, self.arg(1)? as u8, self.arg(2)?);
                if size > self.strsize as u64 {
                    return Err(Stop(Fault::NoScratch, 0));
                }
                let mut b = vec![0; size as usize];
                if size > 0 {
                    self.read(addr, &mut b)?;
                }
                self.new_string(&strfn::memstr(&b, c))
            }
            Subr::InetNtoa => self.inet4(0),
            Subr::InetNtoa6 => self.inet6(0),
            Subr::Alloca => {
                let size = self.arg(0)?;
                self.alloc(size)
            }
            Subr::Bcopy => {
                let (src, dst, size) = (self.arg(0)?, self.arg(1)?, self.arg(2)?);
                self.copy(src, dst, size)?;
                Ok(0)
            }
            Subr::Copyin => {
                let (uaddr, size) = (self.arg(0)?, self.arg(1)?);
                let at = self.alloc(size)?;
                self.copy_from_user(uaddr, at, size)?;
                Ok(at)
            }
            Subr::Copyinto => {
                let (uaddr, size, dst) = (self.arg(0)?, self.arg(1)?, self.arg(2)?);
                self.copy_from_user(uaddr, dst, size)?;
                Ok(0)
            }
            Subr::Copyinstr => {
                let uaddr = self.arg(0)?;
                let max = self
                    .opt(1)
                    .and_then(|n| usize::try_from(n).ok())
                    .unwrap_or(usize::MAX);
                let limit = self.strsize.min(max.saturating_add(1));
                let s = self.string_up_to(uaddr, limit, true)?;
                self.new_string(&s)
            }
            Subr::MutexOwned
            | Subr::MutexOwner
            | Subr::MutexTypeAdaptive
            | Subr::MutexTypeSpin
            | Subr::RwReadHeld
            | Subr::RwWriteHeld
            | Subr::RwIswriter
            | Subr::Speculation
            | Subr::Progenyof
            | Subr::Copyout
            | Subr::Copyoutstr
            | Subr::Msgdsize
            | Subr::Msgsize
            | Subr::DdiPathname
            | Subr::DPath
            | Subr::Getf => {
                let args: Vec<u64> = self.tuple.iter().map(|p| p.value).collect();
                self.world.subr(subr, &args).map_err(|f| Stop(f, 0))
            }
        }
    }

    /// An address inside the first argument, or NULL.
    fn inside(&self, off: Option<usize>) -> Res<u64> {
        Ok(match off {
            Some(off) => self.arg(0)?.wrapping_add(off as u64),
            None => 0,
        })
    }

    fn strtok(&mut self) -> Res<u64> {
        let addr = self.arg(0)?;
        let fresh = if addr == 0 {
            None
        } else {
            Some(self.string(addr)?)
        };
        let delims = self.str_arg(1)?;
        if let Some(s) = fresh {
            self.state.strtok = Some((s, 0));
        }
        let Some((s, pos)) = self.state.strtok.take() else {
            return Ok(0);
        };
        let Some((token, next)) = strfn::strtok(&s, pos, &delims) else {
            return Ok(0);
        };
        let at = self.new_string(token)?;
        self.state.strtok = Some((s, next));
        Ok(at)
    }

    fn inet4(&mut self, n: usize) -> Res<u64> {
        let addr = self.arg(n)?;
        let mut b = [0; 4];
        self.read(addr, &mut b)?;
        self.new_string(&strfn::ipv4(b))
    }

    fn inet6(&mut self, n: usize) -> Res<u64> {
        let addr = self.arg(n)?;
        let mut b = [0; 16];
        self.read(addr, &mut b)?;
        self.new_string(&strfn::ipv6(b))
    }

    fn copy_from_user(&mut self, uaddr: u64, dst: u64, size: u64) -> Res<()> {
        if size == 0 {
            return Ok(());
        }
        self.check_dst(dst, size)?;
        let mut buf = vec![0; usize::try_from(size).map_err(|_| bad(dst))?];
        self.world
            .read_user(uaddr, &mut buf)
            .map_err(|_| bad(uaddr))?;
        self.write(dst, &buf)
    }
}
