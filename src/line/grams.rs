//! Which four bytes follow each other somewhere in some lines: a filter that says of most texts that are not in them that
//! they are not (`docs/FORMAT.md`, "Filters").
//!
//! Texts are short and filters small, so a filter is allowed to be half full: one gram says little, ten say nearly all. What
//! would fill it to the brim, such as the letters of random identifiers, is left out as a kind.

mod numbers;

use std::sync::Arc;

/// Bytes of a gram.
const GRAM_BYTES: usize = 4;
/// Hashes of grams have so many bits,
const HASH_BITS: u32 = 18;
/// which a filter never has more of.
const BITS_MAX: u64 = 1 << HASH_BITS;
/// A filter has at most so many bits for each gram.
const BITS_PER_GRAM: u64 = 4;
/// Grams of the first kind that is taken: in a filter of 4 bits at most so many.
const FIRST_OF_4: u64 = 5;
/// Of all kinds together: in a filter of 5 bits.
const ALL_OF_5: u64 = 4;
/// Filters of fewer bytes are not worth their place.
const BYTES_MIN: u64 = 64;
/// Bytes that are folded at a time.
const STEP: usize = 1 << 13;
/// Bytes of a chunk: its grams are noted together,
const CHUNK: usize = 8;
const CHUNK_GRAMS: usize = CHUNK - GRAM_BYTES + 1;
const CHUNK_GRAMS_OF_NUMBERS: usize = CHUNK - numbers::BYTES + 1;
/// unless it is among those noted last, the number of which has so many bits. Lines are alike: most chunks are.
const RECENT_BITS: u32 = 14;

/// What a byte is to a gram.
const LOWER: u8 = 1;
const UPPER: u8 = 2;
const OTHER: u8 = 4;
const DIGIT: u8 = 8;
const LINE_END: u8 = 16;

/// Kinds of grams, as bits.
mod kind {
    /// Letters, the last three of one case.
    pub(super) const WORD: u8 = 1;
    /// Other bytes too, but no digits.
    pub(super) const PHRASE: u8 = 2;
    /// Other letters.
    pub(super) const MIXED: u8 = 4;
    /// With a digit.
    pub(super) const NUMBER: u8 = 8;
    pub(super) const FOLDED: [u8; 4] = [WORD, PHRASE, MIXED, NUMBER];
    /// Five letters and digits: a quarter of them, another quarter, and the other half, as their hashes say.
    pub(super) const NUMBERS: [u8; 3] = [16, 32, 64];
    pub(super) const ALL: [u8; 7] = [WORD, PHRASE, MIXED, NUMBER, 16, 32, 64];
}

/// Which grams occur. The default knows nothing, and excludes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GramFilter {
    /// The kinds of grams that are in it.
    kinds: u8,
    bits: Arc<[u8]>,
}

impl GramFilter {
    /// What makes a filter that has at most `bytes_max` bytes; `None` if there is none so small.
    pub(crate) fn builder(bytes_max: u64) -> Option<GramFilterBuilder> {
        let bits_max = bytes_max.saturating_mul(8).min(BITS_MAX);
        (bytes_max >= BYTES_MIN).then(|| GramFilterBuilder { noted: Noted::new(), bits_max })
    }

    /// The filter of some lines that has at most `bytes_max` bytes.
    #[cfg(test)]
    pub(crate) fn of(raw: &[u8], bytes_max: u64) -> Self {
        let builder = Self::builder(bytes_max);
        builder.map_or_else(Self::default, |mut builder| {
            builder.take(raw);
            builder.finish(raw)
        })
    }

    /// A filter as it is stored; `None` if there is none like this.
    pub(crate) fn from_parts(kinds: u8, bits: Vec<u8>) -> Option<Self> {
        let known = kind::ALL.into_iter().fold(0, |all, kind| all | kind);
        let fits = bits.len() as u64 <= BITS_MAX / 8 && bits.is_empty() == (kinds == 0);
        (kinds & !known == 0 && fits).then(|| Self { kinds, bits: bits.into() })
    }

    /// Its kinds of grams, 0 for the filter that knows nothing, and its bits.
    pub(crate) fn parts(&self) -> (u8, &[u8]) {
        (self.kinds, &self.bits)
    }

    /// Whether some line may hold `text`; if `folded`, in any case of ASCII letters. False is certain.
    pub(crate) fn may_hold(&self, text: &[u8], folded: bool) -> bool {
        self.kinds == 0
            || text.windows(GRAM_BYTES).all(|gram| self.may_have(gram, folded))
                && text.windows(numbers::BYTES).all(|gram| self.may_have_number(gram))
    }

    fn may_have_number(&self, gram: &[u8]) -> bool {
        let Some(hash) = numbers::of(gram).map(number_hash) else { return true };
        let (byte, bit) = place(hash, self.bits.len());
        number_kind(hash) & self.kinds == 0
            || self.bits.get(byte).is_none_or(|byte| byte & bit != 0)
    }

    fn may_have(&self, gram: &[u8], folded: bool) -> bool {
        let &[a, b, c, d] = gram else { return true };
        let mut kinds = gram_kind([a, b, c, d].map(kind_of));
        if folded && kinds & (kind::WORD | kind::MIXED) != 0 {
            // In some other case it is of the other kind.
            kinds = kind::WORD | kind::MIXED;
        }
        if kinds & !self.kinds != 0 {
            return true;
        }
        let (byte, bit) = place(hash([a, b, c, d].map(fold)), self.bits.len());
        kinds == 0 || self.bits.get(byte).is_none_or(|byte| byte & bit != 0)
    }
}

/// Takes in lines, and makes their filter.
#[derive(Debug)]
pub(crate) struct GramFilterBuilder {
    noted: Noted,
    bits_max: u64,
}

impl GramFilterBuilder {
    /// Takes in whole lines, or the end of one.
    pub(crate) fn take(&mut self, raw: &[u8]) {
        self.noted.take(raw);
    }

    /// The filter of what was taken in; `raw` is all of that.
    pub(crate) fn finish(self, raw: &[u8]) -> GramFilter {
        let Self { mut noted, bits_max } = self;
        let chosen = Choice::of_folded(&noted.count(), bits_max);
        let room = (bits_max * ALL_OF_5 / 5).saturating_sub(chosen.grams);
        let with_numbers = noted.take_numbers(raw, room);
        chosen.with_numbers(&noted.count(), bits_max, with_numbers).filter(&noted.seen, bits_max)
    }
}

/// Which kinds of grams a filter takes, and how many grams they are.
#[derive(Clone, Copy, Debug)]
struct Choice {
    kinds: u8,
    grams: u64,
}

impl Choice {
    /// Of the kinds in which digits are folded. `counts` are those of all kinds.
    fn of_folded(counts: &[u64; kind::ALL.len()], bits_max: u64) -> Self {
        let mut chosen = Self { kinds: 0, grams: 0 };
        for (kind, count) in kind::FOLDED.into_iter().zip(counts) {
            let all = chosen.grams + count;
            let fits = if chosen.kinds == 0 {
                all * 4 <= bits_max * FIRST_OF_4
            } else {
                all * 5 <= bits_max * ALL_OF_5
            };
            if fits {
                chosen = Self { kinds: chosen.kinds | kind, grams: all };
            }
        }
        chosen
    }

    /// The kinds of numbers too, as far as they are there and fit.
    fn with_numbers(
        mut self,
        counts: &[u64; kind::ALL.len()],
        bits_max: u64,
        are_there: bool,
    ) -> Self {
        for (kind, count) in kind::ALL.into_iter().zip(counts).skip(kind::FOLDED.len()) {
            let all = self.grams + count;
            if are_there && all * 5 <= bits_max * ALL_OF_5 {
                self = Self { kinds: self.kinds | kind, grams: all };
            }
        }
        self
    }

    /// A filter of these kinds of the grams seen: for each hash the kinds it was seen with.
    fn filter(self, seen: &[u8], bits_max: u64) -> GramFilter {
        if self.kinds == 0 {
            return GramFilter::default();
        }
        let bytes = bits_max.min(self.grams * BITS_PER_GRAM).div_ceil(8).max(BYTES_MIN);
        let mut bits = vec![0; usize::try_from(bytes).unwrap_or(0)];
        for (hash, _) in (0..).zip(seen).filter(|(_, seen)| *seen & self.kinds != 0) {
            let (byte, bit) = place(hash, bits.len());
            if let Some(byte) = bits.get_mut(byte) {
                *byte |= bit;
            }
        }
        GramFilter { kinds: self.kinds, bits: bits.into() }
    }
}

/// The grams of a text.
#[derive(Debug)]
struct Noted {
    /// For each hash the kinds it was seen with.
    seen: Vec<u8>,
    /// Chunks whose grams are noted, each at the place of its hash.
    recent: Vec<u64>,
}

impl Noted {
    fn new() -> Self {
        let mut recent = vec![0; 1 << RECENT_BITS];
        // No chunk is known yet: at the place of the chunk of zeros stands one that has another place.
        if let Some(first) = recent.first_mut() {
            *first = 1;
        }
        Self { seen: vec![0; 1 << HASH_BITS], recent }
    }

    /// How many grams there are of each kind.
    fn count(&self) -> [u64; kind::ALL.len()] {
        let mut counts = [0; kind::ALL.len()];
        for &kinds in self.seen.iter().filter(|&&kinds| kinds != 0) {
            for (count, kind) in counts.iter_mut().zip(kind::ALL) {
                *count += u64::from(kinds & kind != 0);
            }
        }
        counts
    }

    /// Notes numbers, unless even the first kind of them is, or seems to become, more than `room`; says whether it did.
    fn take_numbers(&mut self, raw: &[u8], room: u64) -> bool {
        let [first, ..] = kind::NUMBERS;
        let mut count = 0;
        let mut note = |seen: &mut [u8], bytes: u64| {
            numbers::in_word(bytes, |gram| {
                let hash = number_hash(gram);
                let kind = number_kind(hash);
                if let Some(seen) = seen.get_mut(hash as usize) {
                    count += u64::from(kind == first && *seen & kind == 0);
                    *seen |= kind;
                }
            });
            count
        };
        let mut done = 0;
        for step in raw.chunks(STEP) {
            // A step's last grams go on in the next one.
            let end = raw.len().min(done + STEP + CHUNK);
            let text = raw.get(done..end).unwrap_or_default();
            let mut count = 0;
            for word in text.windows(CHUNK).step_by(CHUNK_GRAMS_OF_NUMBERS) {
                if let Some(word) = word.first_chunk() {
                    count = note(&mut self.seen, u64::from_le_bytes(*word));
                }
            }
            done += step.len();
            if count > room || count * 2 > room && done * 2 < raw.len() {
                return false;
            }
        }
        let tail = raw.len().saturating_sub(CHUNK + CHUNK);
        let mut last = [b'\n'; CHUNK * 3];
        last.iter_mut().zip(raw.get(tail..).unwrap_or_default()).for_each(|(dst, &src)| *dst = src);
        for word in last.windows(CHUNK) {
            if let Some(word) = word.first_chunk() {
                note(&mut self.seen, u64::from_le_bytes(*word));
            }
        }
        true
    }

    fn take(&mut self, raw: &[u8]) {
        let mut folded = Vec::with_capacity(STEP + GRAM_BYTES);
        let mut at = 0;
        while at + GRAM_BYTES <= raw.len() {
            let end = raw.len().min(at + STEP + GRAM_BYTES - 1);
            folded.clear();
            folded.extend_from_slice(raw.get(at..end).unwrap_or_default());
            for byte in &mut folded {
                *byte = fold_digit(*byte);
            }
            let mut start = 0;
            for end in memchr::memchr_iter(b'\n', &folded).chain([folded.len()]) {
                self.line(folded.get(start..end).unwrap_or_default());
                start = end + 1;
            }
            at += STEP;
        }
    }

    /// Notes the grams of a line, or a part of one, whose digits are folded. Chunks start with the line: those of lines that
    /// are alike are alike then.
    fn line(&mut self, line: &[u8]) {
        let Some(last) = line.last_chunk::<CHUNK>() else {
            let mut chunk = [b'\n'; CHUNK];
            chunk.iter_mut().zip(line).for_each(|(dst, &src)| *dst = src);
            return self.chunk(chunk);
        };
        let mut rest = line;
        while let Some(chunk) = rest.first_chunk::<CHUNK>() {
            self.chunk(*chunk);
            rest = rest.get(CHUNK_GRAMS..).unwrap_or_default();
        }
        self.chunk(*last);
    }

    #[inline]
    fn chunk(&mut self, chunk: [u8; CHUNK]) {
        let word = u64::from_le_bytes(chunk);
        if let Some(recent) = self.recent.get_mut(chunk_place(word))
            && *recent != word
        {
            *recent = word;
            self.note(chunk);
        }
    }

    #[cold]
    fn note(&mut self, chunk: [u8; CHUNK]) {
        let folded = u64::from_le_bytes(chunk.map(fold));
        let kinds = u64::from_le_bytes(chunk.map(kind_of));
        for shift in (0..8 * CHUNK_GRAMS).step_by(8) {
            let [a, b, c, d, ..] = (folded >> shift).to_le_bytes();
            let [ka, kb, kc, kd, ..] = (kinds >> shift).to_le_bytes();
            if let Some(seen) = self.seen.get_mut(hash([a, b, c, d]) as usize) {
                *seen |= gram_kind([ka, kb, kc, kd]);
            }
        }
    }
}

fn chunk_place(word: u64) -> usize {
    usize::try_from(word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - RECENT_BITS)).unwrap_or(0)
}

/// The kind of a gram, as a bit, from what its bytes are; 0 if it is no gram: it has a line end.
fn gram_kind([a, b, c, d]: [u8; 4]) -> u8 {
    let last = b | c | d;
    let all = a | last;
    let letters = if last == LOWER || last == UPPER { kind::WORD } else { kind::MIXED };
    let other = if all & OTHER != 0 { kind::PHRASE } else { letters };
    let digit = if all & DIGIT != 0 { kind::NUMBER } else { other };
    if all & LINE_END != 0 { 0 } else { digit }
}

fn kind_of(byte: u8) -> u8 {
    let letter = byte | 0x20;
    let case = if byte & 0x20 == 0 { UPPER } else { LOWER };
    let other = if byte == b'\n' { LINE_END } else { OTHER };
    let digit = if byte.wrapping_sub(b'0') < 10 { DIGIT } else { other };
    if letter.wrapping_sub(b'a') < 26 { case } else { digit }
}

/// All digits are one, and both cases of a letter.
fn fold(byte: u8) -> u8 {
    if byte.wrapping_sub(b'A') < 26 { byte | 0x20 } else { fold_digit(byte) }
}

fn fold_digit(byte: u8) -> u8 {
    if byte.wrapping_sub(b'0') < 10 { b'0' } else { byte }
}

fn hash(gram: [u8; 4]) -> u32 {
    u32::from_le_bytes(gram).wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)
}

fn number_hash(gram: u64) -> u32 {
    let hash = gram.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - HASH_BITS);
    u32::try_from(hash).unwrap_or(0)
}

/// The kind of a gram of a number: the lowest bits of its hash say which.
fn number_kind(hash: u32) -> u8 {
    let [first, second, rest] = kind::NUMBERS;
    match hash & 3 {
        0 => first,
        1 => second,
        _ => rest,
    }
}

/// Where the bit of a hash is in so many bytes: the byte, and a mask.
fn place(hash: u32, bytes: usize) -> (usize, u8) {
    let bit = (u64::from(hash) * (bytes as u64 * 8)) >> HASH_BITS;
    (usize::try_from(bit / 8).unwrap_or(usize::MAX), 1 << (bit % 8))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_filter_excludes_what_is_not_there() {
        let log: Vec<u8> = (0..2000)
            .flat_map(|i| {
                format!("worker-{} took {i} ms for user u{}\n", i % 7, i % 13).into_bytes()
            })
            .collect();
        let filter = GramFilter::of(&log, 4000);
        for text in ["worker-3", "took 17", "USER", "ms for"] {
            assert!(filter.may_hold(text.as_bytes(), true), "{text}");
        }
        for text in ["NoSuchThing", "worker_3", "10.1.2.3", "failed"] {
            assert!(!filter.may_hold(text.as_bytes(), false), "{text}");
            assert!(!filter.may_hold(text.as_bytes(), true), "{text}");
        }
        let numbers =
            (0..2000).flat_map(|i| format!("request {} done\n", 70_000_000 + i * 41).into_bytes());
        let filter = GramFilter::of(&numbers.collect::<Vec<_>>(), 4000);
        let held = |text: String| filter.may_hold(text.as_bytes(), false);
        assert!((0..2000).all(|i| held(format!("{}", 70_000_000 + i * 41))));
        let other = (0..2000).filter(|i| held(format!("{}", 20_500_000 + i * 37))).count();
        assert!(other < 100, "{other}");
        // Too short to tell.
        assert!(filter.may_hold(b"xyz", false));
    }

    #[test]
    fn what_would_fill_a_filter_is_left_out() {
        let mut state = 7u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                [(state >> 33) as usize % 62]
        };
        let mut log = Vec::new();
        for _ in 0..3000 {
            log.extend_from_slice(b"session ");
            log.extend((0..18).map(|_| random()));
            log.push(b'\n');
        }
        let filter = GramFilter::of(&log, 3000);
        assert!(filter.kinds & kind::PHRASE != 0 && filter.kinds & kind::NUMBER == 0);
        assert!(!filter.may_hold(b"permission denied", false));
        assert!(GramFilter::of(&log, 10) == GramFilter::default());
        assert!(GramFilter::default().may_hold(b"anything", false));
    }

    #[test]
    fn what_is_stored_comes_back_or_is_refused() {
        let filter = GramFilter::of(&b"some lines of a log\n".repeat(9), 100);
        let (kinds, bits) = filter.parts();
        assert_eq!(GramFilter::from_parts(kinds, bits.to_vec()), Some(filter.clone()));
        assert_eq!(GramFilter::from_parts(0, Vec::new()), Some(GramFilter::default()));
        assert_eq!(GramFilter::from_parts(128, vec![1]), None);
        assert_eq!(GramFilter::from_parts(0, vec![1]), None);
        assert_eq!(GramFilter::from_parts(1, Vec::new()), None);
        assert_eq!(GramFilter::from_parts(1, vec![0; (1 << 15) + 1]), None);
    }

    /// What is noted of a text gram by gram.
    fn noted(raw: &[u8]) -> Vec<u8> {
        let mut seen = vec![0; 1 << HASH_BITS];
        for gram in raw.windows(GRAM_BYTES) {
            let gram: [u8; GRAM_BYTES] = gram.try_into().unwrap();
            seen[hash(gram.map(fold)) as usize] |= gram_kind(gram.map(kind_of));
        }
        seen
    }

    proptest! {
        #[test]
        fn chunks_note_every_gram_and_no_other(
            pieces in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..12),
                    prop::collection::vec(prop::sample::select(b"aAbB01.\n\0".to_vec()), 0..40),
                    Just(vec![0; 9]),
                    Just(vec![b'x'; STEP - 3]),
                ],
                0..12,
            ),
        ) {
            let log = pieces.concat();
            let mut grams = Noted::new();
            grams.take(&log);
            prop_assert!(grams.seen == noted(&log));
        }

        #[test]
        fn no_text_that_is_there_is_excluded(
            log in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..400),
                prop::collection::vec(prop::sample::select(b"aAbB01.\n".to_vec()), 0..9000),
            ],
            bytes_max in 64u64..600,
            cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..30), 1..20),
            other_case in any::<bool>(),
        ) {
            let filter = GramFilter::of(&log, bytes_max);
            for (start, len) in cuts {
                let start = start.index(log.len() + 1);
                let line = log[start..].split(|&byte| byte == b'\n').next().unwrap();
                let text = &line[..len.min(line.len())];
                prop_assert!(filter.may_hold(text, false));
                let text = if other_case { text.to_ascii_uppercase() } else { text.to_ascii_lowercase() };
                prop_assert!(filter.may_hold(&text, true));
            }
        }
    }
}
