// SPDX-License-Identifier: GPL-2.0

//! What a function calls, on which paths, and with which constants: from its instructions.

use std::collections::{BTreeSet, HashMap};

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory,
    InstructionInfoOptions, Mnemonic, OpAccess, OpKind, Register,
};

use crate::image::Image;

/// `__GFP_DIRECT_RECLAIM`: these allocation flags allow to sleep.
pub const MAY_BLOCK: u64 = 0x400;

/// What is known of the value in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    Constant(u64),
    /// The function's own argument of this number.
    Argument(u8),
    /// Read from memory: at a known place, or this far behind a pointer that is not known.
    At(u64),
    Behind(i64),
}

/// The arguments of a call, as far as they are known.
pub type Arguments = [Option<Value>; 6];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The function, or the import, at this address.
    Address(u64),
    /// Through a pointer, with what is known of where that came from.
    Pointer(Option<Value>),
    /// An instruction that stops here: the end of a `BUG()`, or a `WARN()`.
    Trap,
}

#[derive(Clone, Debug)]
pub struct Call {
    /// The address of the instruction.
    pub at: u64,
    pub target: Target,
    pub arguments: Arguments,
}

/// Instructions that run one after the other.
#[derive(Clone, Debug, Default)]
pub struct Block {
    pub calls: Vec<Call>,
    /// Leaves for another function, which returns for this one.
    pub tail: Option<Call>,
    /// The blocks that may follow.
    pub next: Vec<usize>,
    pub returns: bool,
}

/// The first is the entry.
pub type Blocks = Vec<Block>;

/// All calls in `blocks`.
pub fn calls(blocks: &[Block]) -> impl Iterator<Item = &Call> {
    blocks.iter().flat_map(|b| b.calls.iter().chain(&b.tail))
}

const ARGUMENTS: [Register; 6] = [
    Register::RDI,
    Register::RSI,
    Register::RDX,
    Register::RCX,
    Register::R8,
    Register::R9,
];

/// Registers that a call may change.
const VOLATILE: [Register; 9] = [
    Register::RAX,
    Register::RCX,
    Register::RDX,
    Register::RSI,
    Register::RDI,
    Register::R8,
    Register::R9,
    Register::R10,
    Register::R11,
];

/// Numbers of the general registers, 0 to 15.
fn number(register: Register) -> Option<usize> {
    let full = register.full_register();
    (full >= Register::RAX && full <= Register::R15).then(|| full as usize - Register::RAX as usize)
}

#[derive(Clone, Copy, PartialEq)]
struct Registers([Option<Value>; 16]);

impl Registers {
    const UNKNOWN: Self = Self([None; 16]);

    fn at_entry() -> Self {
        let mut registers = Self::UNKNOWN;
        for (i, r) in ARGUMENTS.into_iter().enumerate() {
            registers.set(r, Some(Value::Argument(i as u8)));
        }
        registers
    }

    fn get(&self, register: Register) -> Option<Value> {
        number(register).and_then(|n| self.0[n])
    }

    fn set(&mut self, register: Register, value: Option<Value>) {
        if let Some(n) = number(register) {
            self.0[n] = value;
        }
    }

    fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            if *mine != theirs {
                *mine = match (*mine, theirs) {
                    // Flags of which both allow to sleep still do.
                    (Some(Value::Constant(a)), Some(Value::Constant(b)))
                        if a & b & MAY_BLOCK != 0 && (a | b) >> 28 == 0 =>
                    {
                        Some(Value::Constant(a & b))
                    }
                    _ => None,
                };
            }
        }
    }

    fn arguments(&self) -> Arguments {
        ARGUMENTS.map(|r| self.get(r))
    }
}

/// How an instruction ends a block, or calls.
enum Flow {
    On,
    Call(Target),
    Jump(u64),
    Branch(u64),
    JumpElsewhere(Target),
    Return,
    Stop,
}

/// Reads functions of one image.
pub struct Reader<'a> {
    image: &'a Image,
    /// Thunks for calls through pointers, by address: the register with the pointer.
    thunks: HashMap<u64, Register>,
    returns: BTreeSet<u64>,
    info: InstructionInfoFactory,
}

impl<'a> Reader<'a> {
    pub fn new(image: &'a Image) -> Self {
        let mut thunks = HashMap::new();
        let mut returns = BTreeSet::new();
        let named = image
            .functions
            .iter()
            .flat_map(|(&a, names)| names.iter().map(move |n| (a, n)))
            .chain(image.imports.iter().map(|(&a, n)| (a, n)));
        for (address, name) in named {
            if let Some(register) = name.strip_prefix("__x86_indirect_thunk_") {
                if let Some(register) = general_register(register) {
                    thunks.insert(address, register);
                }
            } else if name == "__x86_return_thunk" {
                returns.insert(address);
            }
        }
        Self {
            image,
            thunks,
            returns,
            info: InstructionInfoFactory::new(),
        }
    }

    /// Reads the function that is made of these pieces of code: itself, and what was moved out of its way.
    pub fn read(&mut self, pieces: &[u64]) -> Blocks {
        let mut instructions = Vec::new();
        for &piece in pieces {
            let Some(code) = self.image.code_of(piece) else {
                continue;
            };
            instructions.extend(
                Decoder::with_ip(64, code, piece, DecoderOptions::NONE)
                    .into_iter()
                    .filter(|i| {
                        !matches!(
                            i.mnemonic(),
                            Mnemonic::Nop | Mnemonic::Int3 | Mnemonic::INVALID
                        )
                    }),
            );
        }
        self.blocks(&instructions)
    }

    fn flow(&self, i: &Instruction, registers: &Registers) -> Flow {
        let elsewhere = |target: u64| match self.thunks.get(&target) {
            Some(&register) => Target::Pointer(registers.get(register)),
            None => Target::Address(target),
        };
        match i.flow_control() {
            FlowControl::Call => Flow::Call(elsewhere(i.near_branch_target())),
            FlowControl::IndirectCall => Flow::Call(Target::Pointer(self.pointer(i, registers))),
            FlowControl::UnconditionalBranch => Flow::Jump(i.near_branch_target()),
            FlowControl::IndirectBranch => {
                Flow::JumpElsewhere(Target::Pointer(self.pointer(i, registers)))
            }
            FlowControl::ConditionalBranch => Flow::Branch(i.near_branch_target()),
            FlowControl::Return => Flow::Return,
            FlowControl::Exception => Flow::Call(Target::Trap),
            FlowControl::Interrupt => Flow::Stop,
            _ => Flow::On,
        }
    }

    /// The pointer that an instruction calls through.
    fn pointer(&self, i: &Instruction, registers: &Registers) -> Option<Value> {
        match i.op0_kind() {
            OpKind::Register => registers.get(i.op0_register()),
            OpKind::Memory => memory(i, registers),
            _ => None,
        }
    }

    fn blocks(&mut self, instructions: &[Instruction]) -> Blocks {
        let index: HashMap<u64, usize> = instructions
            .iter()
            .enumerate()
            .map(|(n, i)| (i.ip(), n))
            .collect();
        let mut heads = BTreeSet::from([0]);
        // The head of each loop, and the last jump back to it.
        let mut loops: HashMap<usize, usize> = HashMap::new();
        for (n, i) in instructions.iter().enumerate() {
            match i.flow_control() {
                FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch => {
                    if let Some(&to) = index.get(&i.near_branch_target()) {
                        heads.insert(to);
                        if to <= n {
                            loops.insert(to, n);
                        }
                    }
                    heads.insert(n + 1);
                }
                FlowControl::Return | FlowControl::IndirectBranch | FlowControl::Interrupt => {
                    heads.insert(n + 1);
                }
                _ => {}
            }
        }
        heads.remove(&instructions.len());
        let heads: Vec<usize> = heads.into_iter().collect();
        let block_at: HashMap<usize, usize> =
            heads.iter().enumerate().map(|(b, &n)| (n, b)).collect();

        let mut at_head: HashMap<usize, Registers> = HashMap::from([(0, Registers::at_entry())]);
        let mut blocks = Vec::with_capacity(heads.len());
        for (b, &head) in heads.iter().enumerate() {
            let end = heads.get(b + 1).copied().unwrap_or(instructions.len());
            let mut registers = at_head.get(&head).copied().unwrap_or(Registers::UNKNOWN);
            if let Some(&last) = loops.get(&head) {
                for i in &instructions[head..=last] {
                    self.forget_written(i, &mut registers);
                }
            }
            let mut block = Block::default();
            let mut falls = true;
            for i in &instructions[head..end] {
                let call = |target| Call {
                    at: i.ip(),
                    target,
                    arguments: registers.arguments(),
                };
                let mut go = |to: usize, at_head: &mut HashMap<usize, Registers>| {
                    block.next.push(block_at[&to]);
                    at_head
                        .entry(to)
                        .and_modify(|r| r.merge(&registers))
                        .or_insert(registers);
                };
                match self.flow(i, &registers) {
                    Flow::On => self.step(i, &mut registers),
                    Flow::Call(target) => {
                        block.calls.push(call(target));
                        for r in VOLATILE {
                            registers.set(r, None);
                        }
                    }
                    Flow::Jump(to) => {
                        falls = false;
                        if let Some(&to) = index.get(&to) {
                            go(to, &mut at_head);
                        } else if self.returns.contains(&to) {
                            block.returns = true;
                        } else {
                            block.tail = Some(call(match self.thunks.get(&to) {
                                Some(&r) => Target::Pointer(registers.get(r)),
                                None => Target::Address(to),
                            }));
                        }
                    }
                    Flow::Branch(to) => {
                        if let Some(&to) = index.get(&to) {
                            go(to, &mut at_head);
                        } else {
                            block.tail = Some(call(Target::Address(to)));
                        }
                    }
                    Flow::JumpElsewhere(target) => {
                        falls = false;
                        block.tail = Some(call(target));
                    }
                    Flow::Return => {
                        falls = false;
                        block.returns = true;
                    }
                    Flow::Stop => falls = false,
                }
            }
            if falls && end < instructions.len() {
                block.next.push(b + 1);
                at_head
                    .entry(end)
                    .and_modify(|r| r.merge(&registers))
                    .or_insert(registers);
            }
            blocks.push(block);
        }
        blocks
    }

    /// Forgets the registers that `i` may change.
    fn forget_written(&mut self, i: &Instruction, registers: &mut Registers) {
        if matches!(
            i.flow_control(),
            FlowControl::Call | FlowControl::IndirectCall
        ) {
            for r in VOLATILE {
                registers.set(r, None);
            }
            return;
        }
        let info = self
            .info
            .info_options(i, InstructionInfoOptions::NO_MEMORY_USAGE);
        for used in info.used_registers() {
            if !matches!(
                used.access(),
                OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess
            ) {
                registers.set(used.register(), None);
            }
        }
    }

    /// The effect of an instruction on what is known.
    fn step(&mut self, i: &Instruction, registers: &mut Registers) {
        let result = match i.op_count() {
            2 if i.op0_kind() == OpKind::Register => self.result(i, registers),
            _ => None,
        };
        self.forget_written(i, registers);
        if result.is_some() {
            registers.set(i.op0_register(), result);
        }
    }

    /// What an instruction leaves in its first operand.
    fn result(&self, i: &Instruction, registers: &Registers) -> Option<Value> {
        let size = i.op0_register().size();
        let keep = |v: u64| if size == 4 { v & 0xffff_ffff } else { v };
        if size < 4 {
            return None;
        }
        let immediate = is_immediate(i.op1_kind()).then(|| i.immediate(1));
        let old = registers.get(i.op0_register());
        match (i.mnemonic(), i.op1_kind()) {
            (Mnemonic::Mov, _) if immediate.is_some() => {
                immediate.map(|v| Value::Constant(keep(v)))
            }
            (Mnemonic::Mov, OpKind::Register) => registers.get(i.op1_register()),
            (Mnemonic::Mov, OpKind::Memory) => self.load(memory(i, registers)?),
            (Mnemonic::Xor, OpKind::Register) if i.op0_register() == i.op1_register() => {
                Some(Value::Constant(0))
            }
            (Mnemonic::Lea, OpKind::Memory) if i.is_ip_rel_memory_operand() => {
                Some(Value::Constant(i.ip_rel_memory_address()))
            }
            (Mnemonic::Or, _) => with_flags(old?, immediate?, true),
            (Mnemonic::And, _) => with_flags(old?, immediate?, false),
            (Mnemonic::Bts, _) => with_flags(old?, 1 << (immediate? & 63), true),
            (Mnemonic::Btr, _) => with_flags(old?, !(1 << (immediate? & 63)), false),
            _ => None,
        }
    }

    /// What is read from there.
    fn load(&self, place: Value) -> Option<Value> {
        match place {
            Value::At(address) => match self.image.constant(address) {
                Some(word) => Some(Value::Constant(word)),
                None => Some(place),
            },
            place => Some(place),
        }
    }
}

fn is_immediate(kind: OpKind) -> bool {
    (OpKind::Immediate8..=OpKind::Immediate32to64).contains(&kind)
}

/// The place that an operand in memory names.
fn memory(i: &Instruction, registers: &Registers) -> Option<Value> {
    if i.memory_index() != Register::None || i.segment_prefix() != Register::None {
        return None;
    }
    if i.is_ip_rel_memory_operand() {
        return Some(Value::At(i.ip_rel_memory_address()));
    }
    let displacement = i.memory_displacement64();
    match registers.get(i.memory_base()) {
        _ if i.memory_base() == Register::None => Some(Value::At(displacement)),
        Some(Value::Constant(base)) => Some(Value::At(base.wrapping_add(displacement))),
        _ => Some(Value::Behind(displacement as i64)),
    }
}

/// Allocation flags after `or` or `and`: of those that are not known, what is asked is whether they allow to sleep.
fn with_flags(old: Value, mask: u64, is_or: bool) -> Option<Value> {
    match old {
        Value::Constant(v) if is_or => Some(Value::Constant(v | mask)),
        Value::Constant(v) => Some(Value::Constant(v & mask)),
        Value::Argument(_) if is_or && mask & MAY_BLOCK != 0 => Some(Value::Constant(mask)),
        Value::Argument(_) if !is_or && mask & MAY_BLOCK == 0 => Some(Value::Constant(0)),
        Value::Argument(_) => Some(old),
        _ => None,
    }
}

fn general_register(name: &str) -> Option<Register> {
    let all = [
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
        "r13", "r14", "r15",
    ];
    let n = all.iter().position(|&r| r == name)?;
    Register::try_from(Register::RAX as usize + n).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::tests::image;

    /// The blocks of `code`, at 0x1000; 0x9000 is an import.
    fn read(code: &[u8]) -> Blocks {
        let mut image = image(code, 0x1800);
        image.functions.remove(&0x1800);
        Reader::new(&image).read(&[0x1000])
    }

    fn only_call(blocks: &[Block]) -> &Call {
        let mut all = calls(blocks);
        let call = all.next().unwrap();
        assert!(all.next().is_none());
        call
    }

    const RET: u8 = 0xc3;

    #[test]
    fn finds_branches_and_calls() {
        // je 1f; call 0x9000; 1: ret
        let blocks = read(&[0x74, 0x05, 0xe8, 0xf9, 0x7f, 0, 0, RET]);
        assert_eq!(blocks.len(), 3);
        assert_eq!(blocks[0].next, [2, 1]);
        assert_eq!(blocks[1].calls[0].target, Target::Address(0x9000));
        assert!(blocks[2].returns);
    }

    #[test]
    fn a_jump_elsewhere_is_a_call() {
        let blocks = read(&[0xe9, 0xfb, 0x7f, 0, 0]);
        assert_eq!(
            blocks[0].tail.as_ref().unwrap().target,
            Target::Address(0x9000)
        );
        assert!(!blocks[0].returns);
    }

    #[test]
    fn ud2_stops() {
        assert_eq!(only_call(&read(&[0x0f, 0x0b])).target, Target::Trap);
    }

    #[test]
    fn knows_constants() {
        // mov $0xcc0,%esi; or $0x100,%esi; call
        let blocks = read(&[
            0xbe, 0xc0, 0x0c, 0, 0, 0x81, 0xce, 0, 1, 0, 0, 0xe8, 0xf0, 0x7f, 0, 0, RET,
        ]);
        let call = only_call(&blocks);
        assert_eq!(call.target, Target::Address(0x9000));
        assert_eq!(call.arguments[1], Some(Value::Constant(0xdc0)));
        assert_eq!(call.arguments[0], Some(Value::Argument(0)));
    }

    #[test]
    fn forgets_what_a_call_may_change() {
        // mov $1,%esi; mov $1,%ebx; call; mov %ebx,%edi; call
        let blocks = read(&[
            0xbe, 1, 0, 0, 0, 0xbb, 1, 0, 0, 0, 0xe8, 0xf1, 0x7f, 0, 0, 0x89, 0xdf, 0xe8, 0xea,
            0x7f, 0, 0, RET,
        ]);
        let second = calls(&blocks).nth(1).unwrap();
        assert_eq!(second.arguments[0], Some(Value::Constant(1)));
        assert_eq!(second.arguments[1], None);
    }

    #[test]
    fn forgets_what_differs_between_paths() {
        // mov $1,%esi; mov $0xcc0,%edx; je 1f; mov $2,%esi; mov $0xdc0,%edx; 1: call
        let blocks = read(&[
            0xbe, 1, 0, 0, 0, 0xba, 0xc0, 0x0c, 0, 0, 0x74, 0x0a, 0xbe, 2, 0, 0, 0, 0xba, 0xc0,
            0x0d, 0, 0, 0xe8, 0xe5, 0x7f, 0, 0, RET,
        ]);
        let call = only_call(&blocks);
        assert_eq!(call.arguments[1], None);
        assert_eq!(
            call.arguments[2],
            Some(Value::Constant(0xcc0)),
            "both allow to sleep"
        );
    }

    #[test]
    fn forgets_what_a_loop_changes() {
        // mov $1,%esi; 1: call; inc %ebx; jne 1b  (the call changes %rsi)
        let blocks = read(&[
            0xbe, 1, 0, 0, 0, 0xe8, 0xf6, 0x7f, 0, 0, 0xff, 0xc3, 0x75, 0xf7, RET,
        ]);
        assert_eq!(only_call(&blocks).arguments[1], None);
    }

    #[test]
    fn tells_where_a_pointer_comes_from() {
        // mov 0x20(%rdi),%rax; call *%rax
        let blocks = read(&[0x48, 0x8b, 0x47, 0x20, 0xff, 0xd0, RET]);
        assert_eq!(
            only_call(&blocks).target,
            Target::Pointer(Some(Value::Behind(0x20)))
        );
        // mov 0x2010,%rax, which is constant; call *%rax
        let blocks = read(&[0x48, 0x8b, 0x04, 0x25, 0x10, 0x20, 0, 0, 0xff, 0xd0, RET]);
        assert_eq!(
            only_call(&blocks).target,
            Target::Pointer(Some(Value::Constant(0x1000)))
        );
        // mov 0x3010,%rax, which is not
        let blocks = read(&[0x48, 0x8b, 0x04, 0x25, 0x10, 0x30, 0, 0, 0xff, 0xd0, RET]);
        assert_eq!(
            only_call(&blocks).target,
            Target::Pointer(Some(Value::At(0x3010)))
        );
    }
}
