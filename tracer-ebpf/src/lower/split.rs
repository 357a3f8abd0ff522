//! A program that is too large is divided: its probes, or, where there is only one, its clauses.
//!
//! Probes go to two programs, each attached to its own. The clauses of one firing go to programs of which the first is
//! attached and each calls the next (a tail call), so that there is one firing, in order. What lasts for the firing (the
//! clause-local variables, the state of `strtok`, the times, which probe it is) is in the firing's scratch, at the same place
//! for all of them.

use crate::image::MapIx;
use crate::plan::{Group, Unit};
use dsl::dif::Insn;
use dsl::program::{ClauseId, Program, StmtKind};

/// Programs that one firing goes through at the most: the kernel makes 33 tail calls, older ones 32 where there is no JIT.
const MOST_PIECES: usize = 33;

/// The two halves of a unit that has several groups of probes.
pub fn probes(unit: &Unit) -> Option<(Unit, Unit)> {
    let with = |groups: &[Group]| Unit {
        groups: groups.to_vec(),
        ..unit.clone()
    };
    let (first, second) = unit.groups.split_at(unit.groups.len() / 2);
    (!first.is_empty()).then(|| (with(first), with(second)))
}

/// What a program knows of the firing that it has a piece of.
#[derive(Clone, Debug)]
pub struct Link {
    /// All clauses of the firing.
    pub firing: Vec<ClauseId>,
    /// Which piece.
    at: usize,
    /// By which map, and where in it, the next program is called.
    pub next: Option<(MapIx, u32)>,
}

impl Link {
    /// Whether the firing begins with it.
    pub fn first(&self) -> bool {
        self.at == 0
    }
}

/// Where a unit's clauses are cut.
pub struct Cuts {
    clauses: Vec<ClauseId>,
    /// Pieces may begin with these clauses.
    allowed: Vec<usize>,
    /// Pieces begin with these.
    starts: Vec<usize>,
}

impl Cuts {
    /// None yet; `None` where there can be none.
    pub fn new(program: &Program, unit: &Unit) -> Option<Cuts> {
        let [group] = &unit.groups[..] else {
            return None;
        };
        let clauses = group.clauses.clone();
        let of = |c: &ClauseId| program.clauses.get(c.0 as usize);
        // The kernel lets a program that overrides what a function returns neither call another so nor be called.
        let overrides = clauses.iter().filter_map(of).flat_map(|c| &c.stmts);
        if overrides
            .into_iter()
            .any(|s| matches!(s.kind, StmtKind::Return(_)))
        {
            return None;
        }
        // A pointer to an element that a variable keeps does not go over.
        let keeps = clauses
            .iter()
            .position(|c| of(c).is_some_and(keeps_elements));
        let stores = clauses.iter().rposition(|c| of(c).is_some_and(stores));
        let together = match (keeps, stores) {
            (Some(from), Some(to)) => from + 1..to + 1,
            _ => 0..0,
        };
        let allowed = (1..clauses.len()).filter(|at| !together.contains(at));
        Some(Cuts {
            allowed: allowed.collect(),
            clauses,
            starts: vec![0],
        })
    }

    /// How many pieces there are.
    pub fn pieces(&self) -> usize {
        self.starts.len()
    }

    fn range(&self, at: usize) -> std::ops::Range<usize> {
        let start = |n: usize| self.starts.get(n).copied();
        start(at).unwrap_or(0)..start(at + 1).unwrap_or(self.clauses.len())
    }

    /// Clauses of the largest piece that can still be cut; 0: none can.
    pub fn largest(&self) -> usize {
        let sizes = (0..self.pieces()).filter(|&n| self.middle(n).is_some());
        sizes.map(|n| self.range(n).len()).max().unwrap_or(0)
    }

    /// Cuts it. `false`: none can be.
    pub fn halve_largest(&mut self) -> bool {
        let largest = self.largest();
        let found = (0..self.pieces())
            .find(|&n| self.middle(n).is_some() && self.range(n).len() == largest);
        found.is_some_and(|n| self.halve(n))
    }

    /// Cuts a piece in two that are as equal as can be. `false`: it can't be, or there would be too many.
    pub fn halve(&mut self, at: usize) -> bool {
        match self.middle(at) {
            Some(cut) => {
                self.starts.insert(at + 1, cut);
                true
            }
            None => false,
        }
    }

    fn middle(&self, at: usize) -> Option<usize> {
        let range = self.range(at);
        let middle = range.start + range.len() / 2;
        let within = self
            .allowed
            .iter()
            .filter(|&&c| c > range.start && c < range.end);
        let cut = within.min_by_key(|c| c.abs_diff(middle)).copied();
        cut.filter(|_| self.pieces() < MOST_PIECES)
    }

    /// A piece: what it runs, and what it has to know.
    pub fn piece(&self, unit: &Unit, at: usize, map: MapIx) -> (Unit, Link) {
        let clauses = self.clauses.get(self.range(at)).unwrap_or(&[]);
        let groups = unit.groups.iter().map(|g| Group {
            probes: g.probes.clone(),
            clauses: clauses.to_vec(),
        });
        let piece = Unit {
            groups: groups.collect(),
            ..unit.clone()
        };
        let link = Link {
            firing: self.clauses.clone(),
            at,
            next: (at + 1 < self.pieces()).then_some((map, at as u32)),
        };
        (piece, link)
    }
}

/// Whether a clause puts the address of an element into a variable.
fn keeps_elements(clause: &dsl::program::Clause) -> bool {
    super::clause_difos(clause)
        .into_iter()
        .any(|difo| super::flow::Flow::new(difo).is_ok_and(|f| !f.kept_addresses().is_empty()))
}

/// Whether it stores through addresses.
fn stores(clause: &dsl::program::Clause) -> bool {
    let difos = super::clause_difos(clause).into_iter();
    let mut insns = difos.flat_map(|d| &d.text).filter_map(|&w| Insn::decode(w));
    insns.any(|i| super::subr::stores_by_address(&i))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Phase, ProgKind, Select};

    fn unit(text: &str) -> (Program, Unit) {
        let (_, program, diags) = dsl::compile_str(text);
        assert!(diags.is_empty(), "{text}: {diags:?}");
        let clauses: Vec<ClauseId> = (0..program.clauses.len() as u32).map(ClauseId).collect();
        let unit = Unit {
            kind: ProgKind::TestRun {
                phase: Phase::Begin,
            },
            select: Select::One,
            groups: vec![Group {
                probes: vec![0],
                clauses,
            }],
        };
        (program, unit)
    }

    /// Sizes of the pieces where none may have more than so many clauses.
    fn check(text: &str, most: usize, want: &[usize]) {
        let (program, unit) = unit(text);
        let mut cuts = Cuts::new(&program, &unit).expect("one group");
        while cuts.largest() > most && cuts.halve_largest() {}
        let sizes: Vec<usize> = (0..cuts.pieces()).map(|n| cuts.range(n).len()).collect();
        assert_eq!(sizes, want, "{text}");
        let pieces: Vec<Unit> = (0..cuts.pieces())
            .map(|n| cuts.piece(&unit, n, MapIx(0)).0)
            .collect();
        let all: Vec<ClauseId> = pieces
            .iter()
            .flat_map(|p| p.groups[0].clauses.clone())
            .collect();
        assert_eq!(all, unit.groups[0].clauses, "{text}");
    }

    #[test]
    fn where_clauses_part() {
        check("BEGIN{x=1} BEGIN{x=2} BEGIN{x=3} BEGIN{x=4}", 4, &[4]);
        check("BEGIN{x=1} BEGIN{x=2} BEGIN{x=3} BEGIN{x=4}", 2, &[2, 2]);
        check("BEGIN{x=1}", 0, &[1]);
        // What lasts for the firing goes over.
        check("BEGIN{this->x=1} BEGIN{x=this->x}", 1, &[1, 1]);
        check(
            "BEGIN{strtok(\"a b\", \" \")} BEGIN{x = strtok(NULL, \" \")}",
            1,
            &[1, 1],
        );
    }

    #[test]
    fn pointers_to_elements_do_not_go_over() {
        let text = "struct s { int n; }; struct s a[int]; int *p; \
            BEGIN{x=1} BEGIN{p = &a[1].n} BEGIN{x=2} BEGIN{*p = 1} BEGIN{x=3}";
        check(text, 1, &[1, 3, 1]);
    }

    #[test]
    fn no_more_pieces_than_tail_calls() {
        let (program, unit) = unit(&"BEGIN{x++}".repeat(100));
        let mut cuts = Cuts::new(&program, &unit).expect("one group");
        while cuts.halve_largest() {}
        assert_eq!(cuts.pieces(), MOST_PIECES);
        let last = cuts.piece(&unit, MOST_PIECES - 1, MapIx(0)).1;
        assert!(last.next.is_none() && !last.first());
    }

    #[test]
    fn what_overrides_is_not_divided() {
        let (program, unit) = unit("BEGIN{return(-1)} BEGIN{x=1}");
        assert!(Cuts::new(&program, &unit).is_none());
    }
}
