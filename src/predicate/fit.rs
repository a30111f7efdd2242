//! A literal against a template: where it may stand in the rows of that template.
//!
//! A row is constant pieces with a value between each two. A *place* is one way for a literal to lie in a row: it says of
//! each value that the literal meets what that value must be. A row holds the literal if and only if it has one of the places.

use crate::column::ByteSet;
use crate::predicate::literal::{ANY, Literal};

/// Places that are told apart; beyond, a literal may stand anywhere.
const PLACES_MAX: usize = 48;
/// Steps that looking for places may take.
const STEPS_MAX: u32 = 4000;
/// Bytes of what is looked for; longer it may stand anywhere.
const LEN_MAX: usize = 128;

/// What a value must hold: some bytes, of which [`ANY`] is any, at its start, at its end, or anywhere; if both, it is those
/// bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each says of one thing whether it is asked for")]
pub(crate) struct Part {
    pub(crate) bytes: Vec<u8>,
    /// ASCII letters stand for both cases.
    pub(crate) folded: bool,
    pub(crate) starts: bool,
    pub(crate) ends: bool,
    /// It must hold a character beyond ASCII instead.
    pub(crate) beyond_ascii: bool,
}

impl Part {
    /// The literal, anywhere in a value.
    pub(crate) fn within(literal: &Literal) -> Self {
        let (bytes, folded) = (literal.bytes.clone(), literal.folded);
        Self { bytes, folded, beyond_ascii: literal.is_beyond_ascii(), ..Self::default() }
    }

    /// Whether a value is what it must be.
    pub(crate) fn is_met_by(&self, value: &[u8]) -> bool {
        if self.beyond_ascii {
            return !value.is_ascii();
        }
        let len = self.bytes.len();
        let start = value.get(..len);
        let end = value.len().checked_sub(len).and_then(|start| value.get(start..));
        match (self.starts, self.ends) {
            (true, true) => same(value, &self.bytes, self.folded),
            (true, false) => start.is_some_and(|start| same(start, &self.bytes, self.folded)),
            (false, true) => end.is_some_and(|end| same(end, &self.bytes, self.folded)),
            (false, false) => holds(value, &self.bytes, self.folded),
        }
    }

    /// How much it asks for: about the bytes of it that are not any.
    pub(crate) fn weight(&self) -> u64 {
        const CHARACTER: u64 = 4;
        let bytes = self.bytes.iter().filter(|&&byte| byte != ANY).count() as u64;
        if self.beyond_ascii { CHARACTER } else { bytes }
    }

    /// Whether a text as long as what is looked for is it.
    pub(crate) fn is(&self, text: &[u8]) -> bool {
        same(text, &self.bytes, self.folded)
    }

    /// Whether all bytes are in an alphabet.
    pub(crate) fn is_of(&self, alphabet: &ByteSet) -> bool {
        if self.beyond_ascii {
            return (0x80..=0xff).any(|byte| alphabet.holds(byte));
        }
        is_of(&self.bytes, self.folded, alphabet)
    }
}

/// One way for a literal to lie in a row: what the value of a slot must be, for each slot that it meets.
pub(crate) type Place = Vec<(usize, Part)>;

/// Where a literal may stand in the rows of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// In constant text: every row has it.
    Always,
    /// In one of these places; nowhere, if there are none.
    Places(Vec<Place>),
    /// There are too many places to tell.
    Any,
}

/// Which bytes of what is looked for the values of a slot may hold, as bits: the first byte's is the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reach(u128);

impl Reach {
    /// What values of an alphabet may hold.
    pub(crate) fn of(alphabet: &ByteSet, part: &Part) -> Self {
        if part.beyond_ascii {
            return Self(u128::from(part.is_of(alphabet)));
        }
        let held = |byte: &u8| is_of(std::slice::from_ref(byte), part.folded, alphabet);
        let bits = part.bytes.iter().take(LEN_MAX).enumerate();
        Self(bits.fold(0, |all, (at, byte)| all | u128::from(held(byte)) << at))
    }

    /// Where the bytes end that they may hold from byte `from` on.
    fn end(self, from: usize) -> usize {
        let rest = u32::try_from(from).ok().and_then(|from| self.0.checked_shr(from));
        from + rest.map_or(0, u128::trailing_ones) as usize
    }
}

impl Fit {
    /// Fits what is looked for to a template of these constant `pieces`; `slots` tells of those between them.
    pub(crate) fn of(pieces: &[&[u8]], slots: &[Reach], part: &Part) -> Self {
        Walk::new(pieces, slots, part, None).fit()
    }

    /// The same where `probe` tells of a slot whether some value of it may be what is looked for.
    pub(crate) fn probed(
        pieces: &[&[u8]],
        slots: &[Reach],
        part: &Part,
        probe: &mut dyn FnMut(usize, &Part) -> bool,
    ) -> Self {
        Walk::new(pieces, slots, part, Some(probe)).fit()
    }
}

/// What has been asked of the value of a slot: which bytes it holds, and whether at its start and at its end.
#[derive(Clone, Copy, Debug)]
struct Met {
    slot: usize,
    bytes: (usize, usize),
    starts: bool,
    ends: bool,
}

/// Tells of a slot whether some value of it may be what is looked for.
type Probe<'p> = dyn FnMut(usize, &Part) -> bool + 'p;

struct Walk<'a, 'p> {
    pieces: &'a [&'a [u8]],
    slots: &'a [Reach],
    part: &'a Part,
    probe: Option<&'p mut Probe<'p>>,
    /// What has been asked of values on the way here.
    met: Vec<Met>,
    places: Vec<Place>,
    always: bool,
    steps: u32,
}

impl<'a, 'p> Walk<'a, 'p> {
    fn new(
        pieces: &'a [&'a [u8]],
        slots: &'a [Reach],
        part: &'a Part,
        probe: Option<&'p mut Probe<'p>>,
    ) -> Self {
        let (met, places) = (Vec::new(), Vec::new());
        Self { pieces, slots, part, probe, met, places, always: false, steps: 0 }
    }

    fn fit(mut self) -> Fit {
        if self.part.bytes.len() > LEN_MAX {
            return Fit::Any;
        }
        self.start();
        if self.always {
            Fit::Always
        } else if self.steps > STEPS_MAX || self.places.len() > PLACES_MAX {
            Fit::Any
        } else {
            Fit::Places(self.places)
        }
    }

    /// Lets the literal begin wherever it can.
    fn start(&mut self) {
        let (part, pieces) = (self.part, self.pieces);
        if part.beyond_ascii {
            self.always = !pieces.iter().all(|piece| piece.is_ascii());
            for (slot, reach) in self.slots.iter().enumerate() {
                if reach.end(0) > 0 {
                    self.places.push(vec![(slot, part.clone())]);
                }
            }
            return;
        }
        if part.starts {
            return self.piece(0, 0);
        }
        let len = part.bytes.len();
        if !part.ends && pieces.iter().any(|piece| holds(piece, &part.bytes, part.folded)) {
            self.always = true;
            return;
        }
        for (index, piece) in pieces.iter().enumerate() {
            // Shorter ends of the piece than this hold not all of it; longer ones that do were looked for above.
            let first = piece.len().saturating_sub(if part.ends { len } else { len.max(1) - 1 });
            let mut rest = piece.get(first..).unwrap_or_default();
            while !rest.is_empty() {
                if part.bytes.get(..rest.len()).is_some_and(|start| same(rest, start, part.folded))
                {
                    self.behind_piece(rest.len(), index);
                }
                rest = rest.get(1..).unwrap_or_default();
            }
        }
        for (slot, reach) in self.slots.iter().enumerate() {
            let end = reach.end(0).min(len);
            if !part.ends && end == len {
                self.meet(slot, (0, len), (false, false), Self::done);
            }
            for to in 1..=end.min(self.last()) {
                if self.may_go_on(to, slot + 1) {
                    self.meet(slot, (0, to), (false, true), |walk| walk.piece(to, slot + 1));
                }
            }
        }
    }

    /// The most bytes that a value may hold that goes on to its end.
    fn last(&self) -> usize {
        let len = self.part.bytes.len();
        if self.part.ends { len } else { len.max(1) - 1 }
    }

    /// Whether a piece may go on with the bytes from `from`, as its first byte tells.
    fn may_go_on(&self, from: usize, index: usize) -> bool {
        let piece = self.pieces.get(index).and_then(|piece| piece.first());
        piece.is_none_or(|&byte| match self.part.bytes.get(from) {
            Some(&asked) => is_one(byte, asked, self.part.folded),
            None => !self.part.ends,
        })
    }

    /// Goes on with the bytes of the literal from `from` at the start of a piece.
    fn piece(&mut self, from: usize, index: usize) {
        self.steps += 1;
        if self.steps > STEPS_MAX || self.places.len() > PLACES_MAX {
            return;
        }
        let piece = self.pieces.get(index).copied().unwrap_or_default();
        let rest = self.part.bytes.get(from..).unwrap_or_default();
        let both = piece.len().min(rest.len());
        let (start, begun) = (piece.get(..both), rest.get(..both));
        if !same(start.unwrap_or_default(), begun.unwrap_or_default(), self.part.folded) {
            return;
        }
        if rest.len() <= piece.len() && !self.part.ends {
            self.done();
        } else if rest.len() >= piece.len() {
            self.behind_piece(from + piece.len(), index);
        }
    }

    /// Goes on behind a piece.
    fn behind_piece(&mut self, from: usize, index: usize) {
        let len = self.part.bytes.len();
        if index < self.slots.len() {
            self.slot(from, index);
        } else if from == len {
            self.done();
        }
    }

    /// Goes on at the start of the value in a slot.
    fn slot(&mut self, from: usize, slot: usize) {
        let len = self.part.bytes.len();
        let end = self.slots.get(slot).map_or(len, |reach| reach.end(from).min(len));
        if !self.part.ends && end == len {
            self.meet(slot, (from, len), (true, false), Self::done);
        }
        for to in from..=end.min(self.last()) {
            if self.may_go_on(to, slot + 1) {
                self.meet(slot, (from, to), (true, true), |walk| walk.piece(to, slot + 1));
            }
        }
    }

    /// Goes on with the value in `slot` holding some bytes of the literal.
    fn meet(
        &mut self,
        slot: usize,
        bytes: (usize, usize),
        (starts, ends): (bool, bool),
        go_on: impl FnOnce(&mut Self),
    ) {
        let met = Met { slot, bytes, starts, ends };
        let part = self.probe.is_some().then(|| self.asked(met));
        if let (Some(probe), Some(part)) = (&mut self.probe, &part)
            && !probe(slot, part)
        {
            return;
        }
        self.met.push(met);
        go_on(self);
        self.met.pop();
    }

    /// What a value must be.
    fn asked(&self, met: Met) -> Part {
        let Met { bytes: (from, to), starts, ends, .. } = met;
        let bytes = self.part.bytes.get(from..to).unwrap_or_default().to_vec();
        Part { bytes, folded: self.part.folded, starts, ends, beyond_ascii: false }
    }

    fn done(&mut self) {
        if self.met.is_empty() {
            self.always = true;
        } else {
            let place = self.met.iter().map(|&met| (met.slot, self.asked(met))).collect();
            self.places.push(place);
        }
    }
}

fn is_of(bytes: &[u8], folded: bool, alphabet: &ByteSet) -> bool {
    bytes.iter().all(|byte| {
        *byte == ANY
            || alphabet.holds(*byte)
            || folded
                && (alphabet.holds(byte.to_ascii_lowercase())
                    || alphabet.holds(byte.to_ascii_uppercase()))
    })
}

/// Whether text is what is looked for.
fn same(text: &[u8], bytes: &[u8], folded: bool) -> bool {
    text.len() == bytes.len() && text.iter().zip(bytes).all(|(&a, &b)| is_one(a, b, folded))
}

/// Whether a byte is one that is looked for.
fn is_one(byte: u8, asked: u8, folded: bool) -> bool {
    byte == asked || asked == ANY || folded && byte.eq_ignore_ascii_case(&asked)
}

fn holds(text: &[u8], bytes: &[u8], folded: bool) -> bool {
    if text.len() < bytes.len() {
        return false;
    }
    if !folded && !bytes.contains(&ANY) {
        return memchr::memmem::find(text, bytes).is_some();
    }
    bytes.is_empty() || text.windows(bytes.len()).any(|part| same(part, bytes, folded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> Part {
        Part::within(&Literal::new(text.as_bytes(), false))
    }

    fn reaches(alphabets: &[ByteSet], part: &Part) -> Vec<Reach> {
        alphabets.iter().map(|alphabet| Reach::of(alphabet, part)).collect()
    }

    #[test]
    fn constant_text_and_alphabets_decide() {
        let pieces = [&b"user "[..], b" took ", b" ms"];
        let alphabets = [ByteSet::any(), ByteSet::of(b"0123456789")];
        let fit = |text: &str| Fit::of(&pieces, &reaches(&alphabets, &part(text)), &part(text));
        assert_eq!(fit("took"), Fit::Always);
        let Fit::Places(places) = fit("alice") else { panic!() };
        assert_eq!(places, [[(0, part("alice"))]]);
        let Fit::Places(places) = fit("took 7") else { panic!() };
        let starts = Part { starts: true, ..part("7") };
        assert_eq!(
            places,
            [vec![(1, starts)], vec![(0, part("took 7"))]],
            "a user may be called that"
        );
    }

    #[test]
    fn values_tell_places_apart_where_there_are_too_many() {
        let pieces = [&b"GET "[..], b"", b"", b"", b"", b" x"];
        let looked_for = part("penvswitch");
        let slots = reaches(&[ByteSet::any(); 5], &looked_for);
        assert_eq!(Fit::of(&pieces, &slots, &looked_for), Fit::Any);
        // Every value of every slot starts with a slash.
        let values = [&b"/openvswitch"[..], b"/svn", b"/x"];
        let mut probe = |_: usize, part: &Part| values.iter().any(|value| part.is_met_by(value));
        let fit = Fit::probed(&pieces, &slots, &looked_for, &mut probe);
        let Fit::Places(places) = fit else { panic!() };
        let expected: Vec<Place> = (0..5).map(|slot| vec![(slot, looked_for.clone())]).collect();
        assert_eq!(places, expected);
    }

    #[test]
    fn a_literal_that_meets_several_values_asks_something_of_each() {
        let pieces = [&b""[..], b".", b".", b""];
        let slots = reaches(&[ByteSet::of(b"0123456789"); 3], &part("1.22.3"));
        let Fit::Places(places) = Fit::of(&pieces, &slots, &part("1.22.3")) else { panic!() };
        let [place] = places.as_slice() else { panic!("{places:?}") };
        let shown: Vec<_> = place
            .iter()
            .map(|(slot, part)| (*slot, &part.bytes[..], part.starts, part.ends))
            .collect();
        assert_eq!(
            shown,
            [(0, &b"1"[..], false, true), (1, b"22", true, true), (2, b"3", true, false)]
        );
    }

    #[test]
    fn what_could_lie_anywhere_is_not_told() {
        let pieces = [&b""[..]; 9];
        let slots = reaches(&[ByteSet::any(); 8], &part("abcdefghijkl"));
        let fit = Fit::of(&pieces, &slots, &part("abcdefghijkl"));
        assert_eq!(fit, Fit::Any);
    }

    /// Every way of putting values into templates, against a search in the rendered row.
    #[test]
    fn a_row_has_a_place_if_and_only_if_it_holds_the_literal() {
        let texts = ["", "a", "b", "ab", "ba", "aa", "A"];
        let literals = ["a", "ab", "aab", "abab", "bb", "baab", "Ab", "a\nb", "b\n\na"];
        let (mut met, mut unmet) = (0, 0);
        for pieces in
            [["", "", ""], ["a", "b", ""], ["b", "a", "a"], ["", "ab", "b"], ["aa", "", "b"]]
        {
            let pieces = pieces.map(str::as_bytes);
            for (one, other) in texts.iter().flat_map(|a| texts.iter().map(move |b| (*a, *b))) {
                let values = [one.as_bytes(), other.as_bytes()];
                let line = [pieces[0], values[0], pieces[1], values[1], pieces[2]].concat();
                for (text, bits) in literals.iter().flat_map(|text| (0..8).map(move |b| (text, b)))
                {
                    let (folded, starts, ends) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
                    let part = Part { folded, starts, ends, ..part(text) };
                    let slots = reaches(&values.map(ByteSet::of), &part);
                    let found = match Fit::of(&pieces, &slots, &part) {
                        Fit::Always => true,
                        Fit::Any => panic!("few places are told apart"),
                        Fit::Places(places) => places.iter().any(|place| {
                            place.iter().all(|(slot, part)| part.is_met_by(values[*slot]))
                        }),
                    };
                    let expected = part.is_met_by(&line);
                    assert_eq!(found, expected, "{part:?} in {pieces:?} with {one:?}, {other:?}");
                    if expected { met += 1 } else { unmet += 1 }
                }
            }
        }
        assert!(met > 1000 && unmet > 1000, "{met} {unmet}");
    }
}
