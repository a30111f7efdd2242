//! Parts of texts that are foretold as a whole (`docs/MODEL-FORMAT.md`, "Text"): one question instead of the bits of each byte.

use crate::model::Model;
use crate::model::coder::Coder;
use crate::model::memory::join;
use crate::model::predictor::Pick;
use crate::model::text::{END, Spelled, Spelling, is_delimiter};

/// Contexts of a question.
pub(crate) const SPAN_CONTEXTS: usize = 10;
/// Weight sets: by who foretells it, and how long the match is.
pub(crate) const SPAN_SETS: usize = 7;
/// Bytes of the longest span.
const SPAN_MAX: usize = 32;
/// Matches from this length on are asked before the value before is.
const MATCH_SURE: u32 = 8;

/// Bytes that may come next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    bytes: [u8; SPAN_MAX],
    len: usize,
    set: usize,
    hash: u32,
}

impl Span {
    /// What a match, or else the value before, goes on with; `None` if there is neither.
    pub(crate) fn foretold(spelled: &Spelled, spelling: &Spelling<'_>) -> Option<Self> {
        let length = spelling.match_len();
        let mut span = Self { bytes: [0; SPAN_MAX], len: 0, set: 0, hash: 0 };
        if length >= MATCH_SURE {
            span.set = length.min(255).ilog2() as usize - 1;
            let least = match length {
                ..16 => 0,
                16..32 => 12,
                _ => 24,
            };
            span.take(spelled.matched(spelling), least);
        } else {
            span.take(spelling.rest_before()?.iter().chain(&[END]), 0);
        }
        (span.len > 0).then_some(span)
    }

    /// Takes the bytes of a part with the delimiters behind it, of more parts until they are at least so many.
    fn take<'a>(&mut self, bytes: impl Iterator<Item = &'a u8>, least: usize) {
        let mut ending = false;
        for (place, &byte) in self.bytes.iter_mut().zip(bytes) {
            let delimiter = is_delimiter(byte);
            if ending && !delimiter && self.len >= least {
                break;
            }
            *place = byte;
            self.hash = join(self.hash, u32::from(byte) + 1);
            self.len += 1;
            if byte == END {
                break;
            }
            ending = delimiter;
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Model {
    /// Asks whether a span comes next.
    pub(crate) fn span<C: Coder>(
        &mut self,
        coder: &mut C,
        span: &Span,
        hit: bool,
        spelling: &Spelling<'_>,
    ) -> bool {
        let number = |number: usize| u32::try_from(number).unwrap_or(0);
        let hashes = spelling.span_contexts(span.hash, number(span.set), number(span.len));
        let pick = Pick { set: span.set, column: spelling.column(), choice: 0 };
        self.span.symbol(&mut self.memory, coder, &hashes, pick, 1, hit.into()) == 1
    }
}
