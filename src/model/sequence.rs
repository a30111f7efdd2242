//! Sequences of numbered things: template ids, dictionary entries (`docs/MODEL-FORMAT.md`, "Sequences").
//!
//! Things are numbered by first appearance. Several contexts each remember what came in them last; where they agree, or
//! were right before, one bit says that they are right again. Else it is something new, or its number is coded.
#![expect(clippy::indexing_slicing, reason = "hot loop; every index is below a constant")]

use crate::model::Model;
use crate::model::coder::Coder;
use crate::model::given::Told;
use crate::model::hook::Note;
use crate::model::memory::{join, spread};
use crate::model::number::class_of;
use crate::model::predictor::Pick;
use crate::model::rows::{Context, Known, PARENTS};

/// Contexts that remember.
const MEMORIES: usize = 9;
/// Candidates asked for, besides a new thing.
const CANDIDATES: usize = 3;
/// Contexts of a question whether a candidate is right.
pub(crate) const ASK_CONTEXTS: usize = 15;
/// Contexts of a number.
pub(crate) const INDEX_CONTEXTS: usize = 11;
/// Weight sets of a question: by candidate.
pub(crate) const ASK_SETS: usize = 4;
/// Weight sets of a number: by nibble.
pub(crate) const INDEX_SETS: usize = 6;

/// What came last in a context, plus one, and how often in a row; a count of hits of each memory for each such number.
#[derive(Debug)]
pub(crate) struct Memories {
    /// Thing plus one in 24 bits, run in 8.
    last: Vec<u32>,
    /// By column, memory, and run: how often it was right, of 65536.
    trust: Vec<[[u16; 8]; MEMORIES]>,
}

const COLUMNS: usize = 256;

impl Memories {
    /// Room for 2^`bits` contexts.
    pub(crate) fn new(bits: u32) -> Self {
        Self { last: vec![0; 1 << bits], trust: vec![[[32768; 8]; MEMORIES]; COLUMNS] }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.last.fill(0);
        self.trust.fill([[32768; 8]; MEMORIES]);
    }
}

/// What was predicted.
#[derive(Clone, Copy, Debug, Default)]
struct Candidate {
    thing: u32,
    score: u32,
    voters: u32,
    run: u32,
}

/// A sequence in the making.
struct Sequence {
    column: u32,
    history: [u32; 5],
    /// Ranks of the last hits, two bits each.
    ranks: u32,
    distinct: u32,
    /// The first number of the row before.
    clock: i64,
}

/// Things, and how well each was predicted.
#[derive(Debug, Default)]
pub(crate) struct Coded {
    pub(crate) things: Vec<u32>,
    pub(crate) surprises: Vec<u8>,
    /// Number of distinct things.
    pub(crate) distinct: u32,
}

impl Model {
    /// Codes `values` things; `known` has them when encoding, else those that are given. At most `distinct_max` are distinct; a decoder that meets
    /// more goes on with the last.
    pub(crate) fn sequence<C: Coder>(
        &mut self,
        coder: &mut C,
        known: Option<&[u32]>,
        column: u32,
        context: &Context,
        values: usize,
        distinct_max: u32,
    ) -> Coded {
        let mut sequence = Sequence { column, history: [0; 5], ranks: 0, distinct: 0, clock: 0 };
        let mut coded = Coded {
            things: Vec::with_capacity(values),
            surprises: Vec::with_capacity(values),
            distinct: 0,
        };
        for at in 0..values {
            if coder.is_exhausted() {
                break;
            }
            let thing = known.and_then(|known| known.get(at)).copied().unwrap_or(0);
            let around = context.at(at);
            coder.note(Note::Value(&around, &self.pool));
            let (thing, surprise) = if at < context.given() {
                self.thing(&mut Told(coder), thing, &mut sequence, &around, distinct_max)
            } else {
                self.thing(coder, thing, &mut sequence, &around, distinct_max)
            };
            coder.note(Note::Number(thing.into()));
            coded.things.push(thing);
            coded.surprises.push(surprise);
        }
        coded.distinct = sequence.distinct;
        coded
    }

    fn thing<C: Coder>(
        &mut self,
        coder: &mut C,
        thing: u32,
        sequence: &mut Sequence,
        around: &Known,
        distinct_max: u32,
    ) -> (u32, u8) {
        let column = sequence.column as usize % COLUMNS;
        let slots = sequence.memories(around, self.memories.last.len());
        let mut entries = [0; MEMORIES];
        for (entry, &slot) in entries.iter_mut().zip(&slots) {
            *entry = self.memories.last[slot];
        }
        let candidates = candidates(&entries, &self.memories.trust[column], sequence.distinct);
        let mut found = None;
        let mut asked = 0;
        for (rank, candidate) in
            (0u32..).zip(&candidates).filter(|(_, candidate)| candidate.score > 0)
        {
            asked = rank + 1;
            let hit = self.ask(coder, sequence, around, rank, candidate, thing == candidate.thing);
            if hit {
                found = Some((candidate.thing, rank));
                break;
            }
        }
        let (thing, rank) = found.unwrap_or_else(|| {
            let new = Candidate { thing: sequence.distinct, voters: asked, ..Candidate::default() };
            if sequence.distinct == 0
                || self.ask(coder, sequence, around, 3, &new, thing == sequence.distinct)
            {
                let new = sequence.distinct.min(distinct_max.saturating_sub(1));
                sequence.distinct = new + 1;
                return (new, 3);
            }
            (self.index(coder, thing, sequence, around).min(sequence.distinct - 1), 3)
        });
        for ((slot, entry), trust) in
            slots.into_iter().zip(entries).zip(&mut self.memories.trust[column])
        {
            let run = entry & 255;
            let right = entry >> 8 == thing + 1;
            let p = &mut trust[run_class(run)];
            *p = if right { *p + ((65535 - *p) >> 4) } else { *p - (*p >> 4) };
            let run = if right { (run + 1).min(255) } else { 0 };
            self.memories.last[slot] = (thing + 1) << 8 | run;
        }
        sequence.clock = around.numbers[PARENTS - 1];
        sequence.history.rotate_right(1);
        sequence.history[0] = thing + 1;
        sequence.ranks = (sequence.ranks << 2 | rank) & 0xffff;
        let surprise = u8::try_from(rank).unwrap_or(u8::MAX);
        (thing, surprise)
    }

    /// Asks whether `candidate` is right.
    fn ask<C: Coder>(
        &mut self,
        coder: &mut C,
        sequence: &Sequence,
        around: &Known,
        rank: u32,
        candidate: &Candidate,
        hit: bool,
    ) -> bool {
        let column = join(sequence.column, 0x0061_736b + rank);
        let [p0, p1, p2, _] = around.parents;
        let x1 = sequence.history[0];
        let waited = class_of(around.numbers[PARENTS - 1].wrapping_sub(sequence.clock));
        let votes = candidate.voters << 3 | candidate.run;
        let with = |part: u32| join(column, part);
        let hashes: [u32; ASK_CONTEXTS] = [
            join(with(candidate.thing), x1),
            with(votes),
            join(with(sequence.ranks & 0xff), candidate.voters),
            join(with(p0), candidate.thing),
            join(with(around.slot), candidate.thing),
            with(candidate.thing),
            join(with(around.surprise), votes),
            join(join(with(p1), p0), candidate.thing),
            join(join(rank, votes), 0x766f_7465),
            join(with(around.around), around.slot),
            join(with(sequence.ranks), 1),
            join(join(with(x1), sequence.history[1]), candidate.thing),
            join(with(p2), candidate.thing),
            join(join(with(around.slot), sequence.ranks & 15), candidate.run),
            join(join(with(waited), 2), votes),
        ];
        let pick = Pick { set: rank as usize, column: sequence.column, choice: around.slot };
        let bit = u32::from(hit);
        self.ask.symbol(&mut self.memory, coder, &hashes, pick, 1, bit) == 1
    }

    /// Codes the number of a thing that was seen before.
    fn index<C: Coder>(
        &mut self,
        coder: &mut C,
        thing: u32,
        sequence: &Sequence,
        around: &Known,
    ) -> u32 {
        let bits = 32 - (sequence.distinct - 1).leading_zeros();
        let nibbles = bits.div_ceil(4);
        let [p0, p1, p2, _] = around.parents;
        let [x1, x2, x3, ..] = sequence.history;
        let base = join(sequence.column, 0x696e_6478);
        let with = |part: u32| join(base, part);
        let mut index = 0;
        for nibble in (0..nibbles).rev() {
            // The prefix tells how far the number has come.
            let at = join(index + 1, nibble);
            let hashes: [u32; INDEX_CONTEXTS] = [
                join(with(x1), at),
                join(with(p0), at),
                join(with(around.slot), at),
                join(base, at),
                join(join(with(x1), x2), at),
                join(join(with(p0), p1), at),
                join(join(with(around.slot), x1), at),
                join(join(with(p1), 1), at),
                join(join(with(p2), 2), at),
                join(join(join(with(x1), x2), x3), at),
                join(join(with(p0), x1), at),
            ];
            let pick =
                Pick { set: nibble.min(5) as usize, column: sequence.column, choice: around.slot };
            let part = thing >> (4 * nibble) & 15;
            let part = self.index.symbol(&mut self.memory, coder, &hashes, pick, 4, part);
            index = index << 4 | part;
        }
        index
    }
}

impl Sequence {
    /// Where each memory keeps what came in the context at hand.
    fn memories(&self, around: &Known, len: usize) -> [usize; MEMORIES] {
        let [p0, p1, p2, _] = around.parents;
        let [x1, x2, x3, x4, x5] = self.history;
        let base = join(self.column, 0x6d65_6d6f);
        let with = |number: u32, part: u32| join(join(base, number), part);
        let mut slots = [0; MEMORIES];
        let hashes = [
            with(1, x1),
            join(with(2, x1), x2),
            join(with(3, p0), around.slot),
            join(join(with(4, p0), p1), p2),
            with(5, around.slot),
            join(with(6, x1), around.slot),
            join(join(with(7, x1), x2), join(x3, x4)),
            join(with(8, p0), x1),
            join(join(join(with(9, x1), x2), join(x3, x4)), x5),
        ];
        for (slot, hash) in slots.iter_mut().zip(hashes) {
            *slot = spread(hash) as usize & (len - 1);
        }
        slots
    }
}

/// The things that memories suggest, the most trusted first; those without score are none.
fn candidates(
    entries: &[u32; MEMORIES],
    trust: &[[u16; 8]; MEMORIES],
    distinct: u32,
) -> [Candidate; CANDIDATES] {
    let mut found = [Candidate::default(); MEMORIES];
    let mut count = 0;
    for (number, (&entry, trust)) in (0u32..).zip(entries.iter().zip(trust)) {
        let (thing, run) = ((entry >> 8).wrapping_sub(1), entry & 255);
        // Nothing yet, or what another column left here.
        if thing >= distinct {
            continue;
        }
        let p = u32::from(trust[run_class(run)]);
        // Odds, so that one sure memory outweighs several that guess.
        let score = 1 + 65536 / (65536 - p);
        let known = found[..count].iter_mut().find(|candidate| candidate.thing == thing);
        let class = u32::try_from(run_class(run)).unwrap_or(0);
        if let Some(known) = known {
            known.score += score;
            known.voters |= 1 << number;
            known.run = known.run.max(class);
        } else {
            found[count] = Candidate { thing, score, voters: 1 << number, run: class };
            count += 1;
        }
    }
    let mut best = [Candidate::default(); CANDIDATES];
    for best in &mut best {
        let mut at = 0;
        for (number, candidate) in found[..count].iter().enumerate() {
            if candidate.score > found[at].score {
                at = number;
            }
        }
        *best = found[at];
        found[at].score = 0;
    }
    best
}

fn run_class(run: u32) -> usize {
    match run {
        0..=3 => run as usize,
        4..=7 => 4,
        8..=15 => 5,
        16..=63 => 6,
        _ => 7,
    }
}
