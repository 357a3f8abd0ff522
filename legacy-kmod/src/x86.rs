//! Where a function can be probed, and the code that takes the place of what a breakpoint displaces.
//!
//! Everything that knows x86 is here: the module only looks an address up. What is decoded is live text, read through the
//! device, because the kernel patches itself at boot.

use crate::ioctl::SLOT_BYTES;
use iced_x86::{
    BlockEncoder, BlockEncoderOptions, Code, Decoder, DecoderOptions, FlowControl, Instruction,
    InstructionBlock, OpKind, Register,
};
use std::collections::HashSet;
use std::ops::Range;

/// Why a function, or a place in it, is not probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    /// Its bytes are not all instructions.
    #[error("not all of it decodes")]
    Undecodable,
    /// A jump goes into the middle of what was taken for an instruction.
    #[error("a branch goes between its instructions")]
    OddTarget,
    /// A breakpoint is there already.
    #[error("a breakpoint is there already")]
    Breakpoint,
    /// The kernel expects this very address to fault.
    #[error("an instruction that may fault and be fixed up")]
    Fixup,
    /// The instruction can't run elsewhere.
    #[error("an instruction that can't be moved")]
    Immovable,
    /// No `ret` in it.
    #[error("it does not return")]
    NoReturn,
    /// Longer than a slot.
    #[error("its replacement does not fit")]
    TooLong,
    /// Nothing there.
    #[error("its text can't be read")]
    Unreadable,
    /// Another byte is there than was planned on.
    #[error("its text changed meanwhile")]
    Changed,
    /// The module is being unloaded, or has been.
    #[error("its module has gone meanwhile")]
    Gone,
}

/// What kind of kernel the text is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bits {
    /// x86-64.
    #[default]
    Bits64,
    /// i386.
    Bits32,
}

impl Bits {
    fn number(self) -> u32 {
        match self {
            Bits::Bits64 => 64,
            Bits::Bits32 => 32,
        }
    }

    /// A decoder of its code.
    pub fn decoder(self, body: &[u8], address: u64) -> Decoder<'_> {
        Decoder::with_ip(self.number(), body, address, DecoderOptions::NONE)
    }

    /// What an address may hold.
    pub fn mask(self) -> u64 {
        u64::MAX >> (64 - self.number())
    }

    fn jump(self, to: u64) -> Result<Instruction, Refusal> {
        let code = match self {
            Bits::Bits64 => Code::Jmp_rel32_64,
            Bits::Bits32 => Code::Jmp_rel32_32,
        };
        Instruction::with_branch(code, to).map_err(|_| Refusal::Immovable)
    }

    /// Pushes an address, as a call there would.
    fn push(self, address: u64) -> Result<Instruction, Refusal> {
        let pushed = match self {
            // Extended by its sign: kernel text is at the very top, a program's may be at the very bottom.
            Bits::Bits64 => {
                let low = i32::try_from(address as i64).map_err(|_| Refusal::Immovable)?;
                Instruction::with1(Code::Pushq_imm32, low)
            }
            Bits::Bits32 => Instruction::with1(Code::Pushd_imm32, address as u32 as i32),
        };
        pushed.map_err(|_| Refusal::Immovable)
    }
}

/// A place for a breakpoint.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where.
    pub address: u64,
    /// The byte that is there.
    pub first: u8,
    /// What is displaced.
    pub insn: Instruction,
    /// Of which kind of code it is.
    pub bits: Bits,
}

/// What the kernel's text must be known to contain before it is changed.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// Of which kind of kernel it is.
    pub bits: Bits,
    /// Addresses of instructions with a fixup.
    pub fixups: HashSet<u64>,
    /// Where a `jmp` means a return (`__x86_return_thunk`).
    pub return_thunk: Option<u64>,
}

impl Text {
    fn returns(&self, i: &Instruction) -> bool {
        use Code::{Jmp_rel32_32, Jmp_rel32_64, Retnd, Retnd_imm16, Retnq, Retnq_imm16};
        matches!(i.code(), Retnq | Retnq_imm16 | Retnd | Retnd_imm16)
            || (matches!(i.code(), Jmp_rel32_64 | Jmp_rel32_32)
                && Some(i.near_branch_target()) == self.return_thunk)
    }

    /// The instruction at an address, where one is known to begin.
    pub fn at(&self, body: &[u8], address: u64) -> Result<Place, Refusal> {
        let insn = self.bits.decoder(body, address).iter().next();
        self.place(body, address, insn.ok_or(Refusal::Unreadable)?)
    }

    /// The first instruction of a function.
    pub fn entry(&self, body: &[u8], address: u64) -> Result<Place, Refusal> {
        let insn = self
            .bits
            .decoder(body, address)
            .iter()
            // An indirect branch must land on it: the function begins behind.
            .find(|i| !matches!(i.code(), Code::Endbr64 | Code::Endbr32))
            .ok_or(Refusal::Unreadable)?;
        self.place(body, address, insn)
    }

    /// Every return of a function. All of it must decode, and no branch may contradict that: a byte written where no
    /// instruction begins would be part of another one.
    pub fn returns_of(&self, body: &[u8], address: u64) -> Result<Vec<Place>, Refusal> {
        let end = address.saturating_add(body.len() as u64);
        let (mut starts, mut targets, mut found) = (HashSet::new(), Vec::new(), Vec::new());
        for i in self.bits.decoder(body, address).iter() {
            if i.is_invalid() {
                // What is behind the last function of a text need not be code.
                let rest = body.get(i.ip().wrapping_sub(address) as usize..);
                match rest.unwrap_or_default().iter().all(|b| *b == 0) {
                    true => break,
                    false => return Err(Refusal::Undecodable),
                }
            }
            starts.insert(i.ip());
            if i.is_jcc_short_or_near() || i.is_jmp_short_or_near() {
                targets.push(i.near_branch_target());
            }
            if self.returns(&i) {
                found.push(i);
            }
        }
        if targets
            .iter()
            .any(|t| (address..end).contains(t) && !starts.contains(t))
        {
            return Err(Refusal::OddTarget);
        }
        if found.is_empty() {
            return Err(Refusal::NoReturn);
        }
        found
            .into_iter()
            .map(|i| self.place(body, address, i))
            .collect()
    }

    /// Every direct jump to an address, in code that is not a function's and need not decode to its end.
    pub fn jumps_to(&self, body: &[u8], address: u64, to: u64) -> Result<Vec<Place>, Refusal> {
        let jumps: Vec<Instruction> = self
            .bits
            .decoder(body, address)
            .iter()
            .take_while(|i| !i.is_invalid())
            .filter(|i| i.is_jmp_short_or_near() && i.near_branch_target() == to)
            .collect();
        if jumps.is_empty() {
            return Err(Refusal::NoReturn);
        }
        jumps
            .into_iter()
            .map(|i| self.place(body, address, i))
            .collect()
    }

    fn place(&self, body: &[u8], address: u64, insn: Instruction) -> Result<Place, Refusal> {
        if insn.is_invalid() {
            return Err(Refusal::Undecodable);
        }
        let at = insn.ip().wrapping_sub(address) as usize;
        let first = *body.get(at).ok_or(Refusal::Unreadable)?;
        if first == 0xcc {
            return Err(Refusal::Breakpoint);
        }
        if (insn.ip()..insn.next_ip()).any(|a| self.fixups.contains(&a)) {
            return Err(Refusal::Fixup);
        }
        if !movable(&insn) {
            return Err(Refusal::Immovable);
        }
        Ok(Place {
            address: insn.ip(),
            first,
            insn,
            bits: self.bits,
        })
    }
}

fn movable(i: &Instruction) -> bool {
    let flow = match i.flow_control() {
        FlowControl::Next
        | FlowControl::UnconditionalBranch
        | FlowControl::ConditionalBranch
        | FlowControl::Return
        | FlowControl::IndirectBranch => true,
        FlowControl::Call => {
            i.is_call_near() && matches!(i.op0_kind(), OpKind::NearBranch64 | OpKind::NearBranch32)
        }
        FlowControl::IndirectCall
        | FlowControl::Interrupt
        | FlowControl::XbeginXabortXend
        | FlowControl::Exception => false,
    };
    // The instruction after one that loads SS is not interruptible: it would run in the wrong place.
    let loads_ss =
        i.op_count() > 0 && i.op0_kind() == OpKind::Register && i.op0_register() == Register::SS;
    let odd = matches!(
        i.code(),
        Code::Iretq
            | Code::Iretd
            | Code::Iretw
            | Code::Sysretq
            | Code::Sysretd
            | Code::Sysexitq
            | Code::Sysexitd
            // Both put the address behind them, which would be the slot's, into a register or where the kernel returns to.
            | Code::Syscall
            | Code::Sysenter
            | Code::Hlt
            | Code::Sti
            | Code::Retfq
            | Code::Retfd
            | Code::Retfw
    );
    flow && !loads_ss && !odd
}

/// The code of a slot: the displaced instruction as it must be there, and the way back.
pub fn slot_code(place: &Place, slot: u64) -> Result<Vec<u8>, Refusal> {
    let i = place.insn;
    let mut block = Vec::with_capacity(2);
    if i.is_call_near() {
        // Nobody may return to a slot: what is pushed is where the call would have returned to.
        block.push(place.bits.push(i.next_ip())?);
        block.push(place.bits.jump(i.near_branch_target())?);
    } else {
        block.push(i);
        let stays = matches!(
            i.flow_control(),
            FlowControl::Return | FlowControl::UnconditionalBranch | FlowControl::IndirectBranch
        );
        if !stays {
            block.push(place.bits.jump(i.next_ip())?);
        }
    }
    let block = InstructionBlock::new(&block, slot);
    let code = BlockEncoder::encode(place.bits.number(), block, BlockEncoderOptions::NONE)
        .map_err(|_| Refusal::Immovable)?
        .code_buffer;
    match code.len() <= SLOT_BYTES {
        true => Ok(code),
        false => Err(Refusal::TooLong),
    }
}

/// The forms of exception tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableForm {
    /// Two absolute addresses an entry: before Linux 3.5.
    Absolute,
    /// So many bytes an entry, which begins with the distance from there.
    Relative(usize),
}

impl TableForm {
    /// That of the kernel's own table: the one by which it has the addresses of text. Modules' are like it, and may be too small to
    /// tell.
    pub fn of(bits: Bits, table: &[u8], at: u64, text: &Range<u64>) -> Option<TableForm> {
        let good = |form: &TableForm| {
            let set = form.addresses(bits, table, at);
            let inside = set.iter().filter(|a| text.contains(a)).count();
            // .init.text and .fixup have some of their own, outside.
            inside * 10 >= set.len() * 7
        };
        [
            TableForm::Absolute,
            TableForm::Relative(12),
            TableForm::Relative(8),
        ]
        .into_iter()
        .find(good)
    }

    /// The addresses that a table at `at` has fixups for.
    pub fn addresses(self, bits: Bits, table: &[u8], at: u64) -> HashSet<u64> {
        match self {
            TableForm::Absolute => {
                let address = bits.number() as usize / 8;
                let ips = table
                    .chunks_exact(2 * address)
                    .map(|e| e.split_at(address).0);
                ips.map(|ip| ip.iter().rev().fold(0, |v, b| v << 8 | u64::from(*b)))
                    .collect()
            }
            TableForm::Relative(entry) => {
                let offsets = table.chunks_exact(entry).zip(0..);
                let ips = offsets.filter_map(|(e, n): (&[u8], u64)| {
                    let off = i32::from_le_bytes(*e.first_chunk::<4>()?);
                    let from = at + n * entry as u64;
                    Some(from.wrapping_add_signed(i64::from(off)) & bits.mask())
                });
                ips.collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8], at: u64) -> Vec<Instruction> {
        Decoder::with_ip(64, bytes, at, DecoderOptions::NONE)
            .iter()
            .collect()
    }

    const AT: u64 = 0xffff_ffff_8100_0000;
    const SLOT: u64 = 0xffff_ffff_a000_0000;

    fn moved(bytes: &[u8]) -> Result<Vec<Instruction>, Refusal> {
        let place = Text::default().entry(bytes, AT)?;
        Ok(decode(&slot_code(&place, SLOT)?, SLOT))
    }

    #[test]
    fn plain_and_back() {
        let code = moved(&[0x55]).unwrap();
        assert_eq!(code[0].code(), Code::Push_r64);
        assert_eq!(code[1].near_branch_target(), AT + 1);
    }

    #[test]
    fn rip_relative_keeps_its_address() {
        // lea 0x10(%rip), %rax
        let code = moved(&[0x48, 0x8d, 0x05, 0x10, 0, 0, 0]).unwrap();
        assert_eq!(code[0].memory_displacement64(), AT + 7 + 0x10);
    }

    #[test]
    fn calls_push_where_they_return() {
        let code = moved(&[0xe8, 0, 1, 0, 0]).unwrap();
        assert_eq!(code[0].code(), Code::Pushq_imm32);
        assert_eq!(code[0].immediate32to64() as u64, AT + 5);
        assert_eq!(code[1].near_branch_target(), AT + 5 + 0x100);
    }

    #[test]
    fn short_jumps_become_near() {
        let code = moved(&[0x74, 0x10]).unwrap();
        assert_eq!(code[0].near_branch_target(), AT + 2 + 0x10);
        assert_eq!(code[1].near_branch_target(), AT + 2);
    }

    #[test]
    fn refused() {
        for (bytes, why) in [
            (&[0xcc][..], Refusal::Breakpoint),
            (&[0x0f, 0x0b], Refusal::Immovable),
            (&[0x48, 0xcf], Refusal::Immovable),
            (&[0xff, 0xd0], Refusal::Immovable),
            (&[0x06], Refusal::Undecodable),
            (&[], Refusal::Unreadable),
        ] {
            assert_eq!(moved(bytes).unwrap_err(), why, "{bytes:x?}");
        }
        let text = Text {
            fixups: [AT].into(),
            ..Text::default()
        };
        assert_eq!(text.entry(&[0x8b, 0x00], AT).unwrap_err(), Refusal::Fixup);
    }

    #[test]
    fn every_return() {
        // je +1; ret; ret $8
        let body = [0x74, 0x01, 0xc3, 0xc2, 8, 0];
        let found = Text::default().returns_of(&body, AT).unwrap();
        let at: Vec<u64> = found.iter().map(|p| p.address - AT).collect();
        assert_eq!(at, [2, 3]);
        // A jump into the immediate of the second.
        let odd = [0x74, 0x02, 0xc3, 0xc2, 8, 0];
        assert_eq!(
            Text::default().returns_of(&odd, AT).unwrap_err(),
            Refusal::OddTarget
        );
        assert_eq!(
            Text::default().returns_of(&[0x90], AT).unwrap_err(),
            Refusal::NoReturn
        );
        // The end of all text: nothing, and an odd number of it.
        let last = [0xc3, 0, 0, 0];
        assert_eq!(Text::default().returns_of(&last, AT).unwrap().len(), 1);
        assert_eq!(
            Text::default().returns_of(&[0xc3, 0, 0, 0x0f], AT).err(),
            Some(Refusal::Undecodable)
        );
    }

    #[test]
    fn jumps_that_leave() {
        // je -2; jmp +2; ret; jmp +0x10
        let body = [0x74, 0xfe, 0xeb, 2, 0xc3, 0xe9, 0x10, 0, 0, 0];
        let found = |to: u64| Text::default().jumps_to(&body, AT, AT + to);
        assert_eq!(found(6).unwrap()[0].address, AT + 2);
        assert_eq!(found(0x1a).unwrap()[0].address, AT + 5);
        assert_eq!(found(0).unwrap_err(), Refusal::NoReturn);
    }

    #[test]
    fn exception_tables_of_both_forms() {
        let fixups = |bits, table: &[u8], at, text: &Range<u64>| {
            let form = TableForm::of(bits, table, at, text)?;
            Some(form.addresses(bits, table, at))
        };
        let text = AT..AT + 0x10_0000;
        let mut old = Vec::new();
        for i in 0..4_u64 {
            old.extend((AT + i * 16).to_le_bytes());
            old.extend((AT + 0x900_0000).to_le_bytes());
        }
        let at = AT + 0x20_0000;
        assert_eq!(fixups(Bits::Bits64, &old, at, &text).unwrap().len(), 4);
        let low = 0xc010_0000_u32;
        let narrow: Vec<u8> = (0..8).flat_map(|i| (low + 16 * i).to_le_bytes()).collect();
        let range = u64::from(low)..u64::from(low) + 0x1000;
        let found = fixups(Bits::Bits32, &narrow, 0xc020_0000, &range).unwrap();
        assert!(found.len() == 4 && found.contains(&(u64::from(low) + 32)));
        let mut new = Vec::new();
        for i in 0..4_i64 {
            let ip = AT + 64 * i as u64;
            new.extend(((ip as i64 - (at as i64 + 12 * i)) as i32).to_le_bytes());
            new.extend([0; 8]);
        }
        let found = fixups(Bits::Bits64, &new, at, &text);
        assert!(found.unwrap().contains(&(AT + 64)));
        assert_eq!(fixups(Bits::Bits64, &[1; 48], 0, &text), None);
    }
}
