//! The DIF opcode table, and everything that follows from it: decoding, encoding, names, operand shapes.
//!
//! Numbers and effects are `<sys/dtrace.h>`'s (`dif-isa.md` §2). Two points that the original leaves open are defined here
//! for all engines: shift counts are taken modulo 64, and `sdiv`/`srem` of INT64_MIN by −1 wrap (quotient INT64_MIN,
//! remainder 0). Comparisons are true signed comparisons: `cmp` computes the overflow flag, which the original does not.

/// How an instruction word is laid out (bits 31–24 are always the opcode).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `r1, r2, rd`.
    R3,
    /// `r1, rd` (r2 zero): loads, `not`, `mov`, `allocs`.
    R2,
    /// `r1, r2` (rd zero): `cmp`, `scmp`.
    Cmp,
    /// `r1` alone: `tst`.
    Tst,
    /// Stores: value `r1`, address `rd`.
    Store,
    /// `label` (24 bits).
    Label,
    /// `rd` alone: `ret`.
    Ret,
    /// No operand.
    None,
    /// `imm16` (integer-table index), `rd`.
    SetX,
    /// `imm16` (string-table offset), `rd`.
    SetS,
    /// `imm16` (variable id), `rd` loaded.
    LoadVar,
    /// `imm16` (variable id), `rs` stored.
    StoreVar,
    /// variable id (8 bits), index register, `rd`.
    LoadArray,
    /// `imm16` (subroutine), `rd`.
    Call,
    /// type (8 bits), `r2` = register with the size, `rs` = value.
    Push,
    /// Translator placeholders: never reach a verifier.
    Xlate,
}

/// Expands `$m! { number, Variant, "mnemonic", Shape, "effect"; … }` over all opcodes.
#[macro_export]
macro_rules! for_each_dif_op {
    ($m:ident) => {
        $m! {
            1, Or, "or", R3, "rd = r1 | r2";
            2, Xor, "xor", R3, "rd = r1 ^ r2";
            3, And, "and", R3, "rd = r1 & r2";
            4, Sll, "sll", R3, "rd = r1 << (r2 & 63)";
            5, Srl, "srl", R3, "rd = r1 >> (r2 & 63), unsigned";
            6, Sub, "sub", R3, "rd = r1 - r2";
            7, Add, "add", R3, "rd = r1 + r2";
            8, Mul, "mul", R3, "rd = r1 * r2, low 64 bits";
            9, Sdiv, "sdiv", R3, "rd = r1 / r2, signed; r2 = 0 faults DIVZERO";
            10, Udiv, "udiv", R3, "rd = r1 / r2, unsigned; r2 = 0 faults DIVZERO";
            11, Srem, "srem", R3, "rd = r1 % r2, signed; r2 = 0 faults DIVZERO";
            12, Urem, "urem", R3, "rd = r1 % r2, unsigned; r2 = 0 faults DIVZERO";
            13, Not, "not", R2, "rd = ~r1";
            14, Mov, "mov", R2, "rd = r1";
            15, Cmp, "cmp", Cmp, "set n z v c from r1 - r2";
            16, Tst, "tst", Tst, "z = (r1 == 0), others 0";
            17, Ba, "ba", Label, "branch always";
            18, Be, "be", Label, "branch if equal";
            19, Bne, "bne", Label, "branch if not equal";
            20, Bg, "bg", Label, "branch if greater, signed";
            21, Bgu, "bgu", Label, "branch if greater, unsigned";
            22, Bge, "bge", Label, "branch if greater or equal, signed";
            23, Bgeu, "bgeu", Label, "branch if greater or equal, unsigned";
            24, Bl, "bl", Label, "branch if less, signed";
            25, Blu, "blu", Label, "branch if less, unsigned";
            26, Ble, "ble", Label, "branch if less or equal, signed";
            27, Bleu, "bleu", Label, "branch if less or equal, unsigned";
            28, Ldsb, "ldsb", R2, "rd = *(int8_t *)r1, kernel";
            29, Ldsh, "ldsh", R2, "rd = *(int16_t *)r1, kernel";
            30, Ldsw, "ldsw", R2, "rd = *(int32_t *)r1, kernel";
            31, Ldub, "ldub", R2, "rd = *(uint8_t *)r1, kernel";
            32, Lduh, "lduh", R2, "rd = *(uint16_t *)r1, kernel";
            33, Lduw, "lduw", R2, "rd = *(uint32_t *)r1, kernel";
            34, Ldx, "ldx", R2, "rd = *(uint64_t *)r1, kernel";
            35, Ret, "ret", Ret, "end with the value of rd";
            36, Nop, "nop", None, "nothing";
            37, Setx, "setx", SetX, "rd = inttab[imm]";
            38, Sets, "sets", SetS, "rd = &strtab[imm]";
            39, Scmp, "scmp", Cmp, "set n z from the strings at r1 and r2; NULL reads as empty";
            40, Ldga, "ldga", LoadArray, "rd = built-in array[ri]";
            41, Ldgs, "ldgs", LoadVar, "rd = global scalar";
            42, Stgs, "stgs", StoreVar, "global scalar = rs";
            43, Ldta, "ldta", LoadArray, "thread-local array: faults ILLOP";
            44, Ldts, "ldts", LoadVar, "rd = thread-local scalar";
            45, Stts, "stts", StoreVar, "thread-local scalar = rs; 0 frees it";
            46, Sra, "sra", R3, "rd = r1 >> (r2 & 63), arithmetic";
            47, Call, "call", Call, "rd = subroutine(tuple stack)";
            48, Pushtr, "pushtr", Push, "push by reference";
            49, Pushtv, "pushtv", Push, "push by value";
            50, Popts, "popts", None, "drop the top of the tuple stack";
            51, Flushts, "flushts", None, "empty the tuple stack";
            52, Ldgaa, "ldgaa", LoadVar, "rd = global associative array[tuple stack]";
            53, Ldtaa, "ldtaa", LoadVar, "rd = thread-local associative array[tuple stack]";
            54, Stgaa, "stgaa", StoreVar, "global associative array[tuple stack] = rs; 0 deletes";
            55, Sttaa, "sttaa", StoreVar, "thread-local associative array[tuple stack] = rs; 0 deletes";
            56, Ldls, "ldls", LoadVar, "rd = clause-local scalar";
            57, Stls, "stls", StoreVar, "clause-local scalar = rs";
            58, Allocs, "allocs", R2, "rd = r1 bytes of zeroed scratch";
            59, Copys, "copys", R3, "copy r2 bytes from r1 to rd";
            60, Stb, "stb", Store, "*(uint8_t *)rd = r1";
            61, Sth, "sth", Store, "*(uint16_t *)rd = r1";
            62, Stw, "stw", Store, "*(uint32_t *)rd = r1";
            63, Stx, "stx", Store, "*(uint64_t *)rd = r1";
            64, Uldsb, "uldsb", R2, "rd = *(int8_t *)r1, user";
            65, Uldsh, "uldsh", R2, "rd = *(int16_t *)r1, user";
            66, Uldsw, "uldsw", R2, "rd = *(int32_t *)r1, user";
            67, Uldub, "uldub", R2, "rd = *(uint8_t *)r1, user";
            68, Ulduh, "ulduh", R2, "rd = *(uint16_t *)r1, user";
            69, Ulduw, "ulduw", R2, "rd = *(uint32_t *)r1, user";
            70, Uldx, "uldx", R2, "rd = *(uint64_t *)r1, user";
            71, Rldsb, "rldsb", R2, "like ldsb, restricted";
            72, Rldsh, "rldsh", R2, "like ldsh, restricted";
            73, Rldsw, "rldsw", R2, "like ldsw, restricted";
            74, Rldub, "rldub", R2, "like ldub, restricted";
            75, Rlduh, "rlduh", R2, "like lduh, restricted";
            76, Rlduw, "rlduw", R2, "like lduw, restricted";
            77, Rldx, "rldx", R2, "like ldx, restricted";
            78, Xlate, "xlate", Xlate, "translator member: compile time only";
            79, Xlarg, "xlarg", Xlate, "translated pointer: compile time only";
        }
    };
}

macro_rules! define_op {
    ($($num:literal, $name:ident, $text:literal, $shape:ident, $doc:literal;)*) => {
        /// A DIF opcode.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Op {
            $(#[doc = $doc] $name = $num,)*
        }

        impl Op {
            /// Every opcode, by number.
            pub const ALL: &[Op] = &[$(Op::$name),*];

            /// The opcode of that number.
            pub fn from_num(n: u8) -> Option<Op> {
                match n { $($num => Some(Op::$name),)* _ => None }
            }
            /// Assembler mnemonic.
            pub fn name(self) -> &'static str {
                match self { $(Op::$name => $text,)* }
            }
            /// Operand layout.
            pub fn shape(self) -> Shape {
                match self { $(Op::$name => Shape::$shape,)* }
            }
        }
    };
}
for_each_dif_op!(define_op);

/// A decoded instruction word. Which fields mean something follows from [`Op::shape`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insn {
    /// Opcode.
    pub op: Op,
    /// Bits 23–16.
    pub r1: u8,
    /// Bits 15–8.
    pub r2: u8,
    /// Bits 7–0.
    pub rd: u8,
}

impl Insn {
    /// Splits a word; `None` for an unknown opcode. Register numbers are not checked (the verifier does).
    pub fn decode(word: u32) -> Option<Insn> {
        let [op, r1, r2, rd] = word.to_be_bytes();
        Op::from_num(op).map(|op| Insn { op, r1, r2, rd })
    }
    /// The word.
    pub fn encode(self) -> u32 {
        u32::from_be_bytes([self.op as u8, self.r1, self.r2, self.rd])
    }
    /// Branch target of a `Label` shape: an instruction index.
    pub fn label(self) -> u32 {
        u32::from_be_bytes([0, self.r1, self.r2, self.rd])
    }
    /// The 16-bit immediate of the wide shapes.
    pub fn imm16(self) -> u16 {
        u16::from_be_bytes([self.r1, self.r2])
    }
    /// A three-register instruction (fields that the shape doesn't use must be 0).
    pub fn r(op: Op, r1: u8, r2: u8, rd: u8) -> Insn {
        Insn { op, r1, r2, rd }
    }
    /// A wide instruction.
    pub fn wide(op: Op, imm: u16, rd: u8) -> Insn {
        let [r1, r2] = imm.to_be_bytes();
        Insn { op, r1, r2, rd }
    }
    /// A branch.
    pub fn branch(op: Op, label: u32) -> Insn {
        let [_, r1, r2, rd] = label.to_be_bytes();
        Insn { op, r1, r2, rd }
    }
}

/// Number of integer registers; `%r0` always reads 0.
pub const NREGS: u8 = 8;
/// Depth of the tuple stack.
pub const NTUPREGS: usize = 8;
/// First id of a user variable.
pub const VAR_USER: u16 = 0x500;
/// `pushtr`/`pushtv` type field: a sized blob or integer.
pub const PUSH_INT: u8 = 0;
/// `pushtr` type field: a string.
pub const PUSH_STRING: u8 = 1;
