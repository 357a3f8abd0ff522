//! `-x bpfdebug`: programs say through aya-log what went wrong, with the D file and line.
//!
//! A message is built here, at compile time, in the form that aya-log's reader takes; all that happens at run time is that
//! the address, where the fault has one, goes into its place and the message into the ring.

use super::LowerError;
use super::fun::{Fun, LOOP_MEM};
use crate::isa::{R, Size};
use crate::service::Service;
use dsl::dif::Fault;
use dsl::source::Span;

/// Name of the ring, by which aya-log finds it (aya-log 0.3, src/lib.rs: `MAP_NAME`).
pub const RING: &str = "AYA_LOGS";
/// Its size in bytes.
pub const RING_BYTES: u32 = 1 << 18;
/// `BPF_RB_NO_WAKEUP`: the consumer looks on its own tick.
const NO_WAKEUP: u64 = 1;

/// What a message is made of, by aya-log-common 0.2, src/lib.rs. Before it comes its length, this field included; each field
/// is its kind (u8), its value's length (u16), its value; everything in the machine's own byte order, without padding.
mod field {
    // RecordFieldKind: the header, once each, in this order.
    pub const TARGET: u8 = 0;
    pub const LEVEL: u8 = 1;
    pub const MODULE: u8 = 2;
    pub const FILE: u8 = 3;
    pub const LINE: u8 = 4;
    pub const NUM_ARGS: u8 = 5;
    // ArgumentKind: as many as NUM_ARGS says; a hint counts, and is about the one after it.
    pub const DISPLAY_HINT: u8 = 0;
    pub const U64: u8 = 9;
    pub const STR: u8 = 20;
    // Level::Error, DisplayHint::LowerHex.
    pub const ERROR: u8 = 1;
    pub const LOWER_HEX: u8 = 2;
}

/// A message with a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// As it goes into the ring.
    pub bytes: Vec<u8>,
    /// Where the address (u64) goes.
    pub addr: Option<usize>,
}

/// The message of a fault.
pub fn message(module: &str, file: &str, line: u32, fault: Fault) -> Message {
    let mut bytes = vec![0, 0];
    let mut addr = None;
    let mut put = |kind: u8, value: &[u8]| {
        // Nobody reads further, and the whole has to fit into a u16.
        let value = value.get(..4096).unwrap_or(value);
        bytes.push(kind);
        bytes.extend((value.len() as u16).to_ne_bytes());
        bytes.extend(value);
        bytes.len() - value.len()
    };
    put(field::TARGET, b"dtrace");
    put(field::LEVEL, &[field::ERROR]);
    put(field::MODULE, module.as_bytes());
    put(field::FILE, file.as_bytes());
    put(field::LINE, &line.to_ne_bytes());
    if fault.has_addr() {
        put(field::NUM_ARGS, &4u32.to_ne_bytes());
        put(field::STR, format!("{} (0x", fault.text()).as_bytes());
        put(field::DISPLAY_HINT, &[field::LOWER_HEX]);
        addr = Some(put(field::U64, &[0; 8]));
        put(field::STR, b")");
    } else {
        put(field::NUM_ARGS, &1u32.to_ne_bytes());
        put(field::STR, fault.text().as_bytes());
    }
    let len = (bytes.len() as u16).to_ne_bytes();
    for (to, from) in bytes.iter_mut().zip(len) {
        *to = from;
    }
    Message { bytes, addr }
}

impl<'a, 'b> Fun<'a, 'b> {
    /// Logs a fault whose address is in r3, which is kept; r0–r5 are not. Nothing without `-x bpfdebug`.
    pub(super) fn log_fault(&mut self, fault: Fault, span: Span) -> Result<(), LowerError> {
        let Some(sources) = &self.cx.opts.debug else {
            return Ok(());
        };
        let clause = self.cx.program.clauses.get(self.place.clause.0 as usize);
        let span = match clause {
            Some(c) if span.is_none() => c.span,
            _ => span,
        };
        let module = clause.map_or_else(String::new, |c| c.desc.to_string());
        let message = match sources.locate(span) {
            Some(at) => message(&module, at.file, at.line, fault),
            None => message(&module, "", 0, fault),
        };
        let len = message.bytes.len() as u32;
        // The address is to be written at a multiple of 8.
        let pad = message.addr.map_or(0, |a| a.wrapping_neg() % 8) as u32;
        let buf = self.scratch(pad + len) + pad;
        let (ring, rodata) = (self.cx.log_ring(), self.cx.rodata());
        let at = self.cx.put_rodata(&message.bytes);
        self.asm.stx(Size::D, R::R7, LOOP_MEM as i16, R::R3);
        self.scratch_ptr(R::R1, buf);
        self.asm.imm(R::R2, u64::from(len));
        self.asm.map_value(R::R3, rodata, at);
        self.call(Service::ProbeReadKernel)?;
        if let Some(addr) = message.addr {
            self.asm.ldx(Size::D, R::R0, R::R7, LOOP_MEM as i16);
            let (base, off) = self.scratch_at(buf + addr as u32, R::R1);
            self.asm.stx(Size::D, base, off, R::R0);
        }
        self.asm.map(R::R1, ring);
        self.scratch_ptr(R::R2, buf);
        self.asm.imm(R::R3, u64::from(len));
        self.asm.imm(R::R4, NO_WAKEUP);
        // A message that does not fit is lost; the fault itself is recorded and counted elsewhere.
        self.call(Service::RingbufOutput)?;
        self.asm.ldx(Size::D, R::R3, R::R7, LOOP_MEM as i16);
        Ok(())
    }
}
