//! What a row is expected to be: what came behind the row before the last time.
//!
//! A log repeats itself. A row that has the constant text of the skeleton that is expected, and between it what leads the
//! tokenizer to slots, need be neither cut nor looked up. Where it parts from that skeleton, it may go on as the row did that
//! parted from it there the last time. What is left then is cut.

use crate::column::{Interner, starts_with_part};
use crate::line::{self, Lead, Tokens};

/// So often a row may part from what is expected before the rest of it is cut.
const PARTINGS_MAX: usize = 3;

/// Constant text of a skeleton, and what is behind it.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Where it ends in the skeleton.
    end: u32,
    /// What leads to the slot behind it; `None` for the last one.
    lead: Option<Lead>,
    /// The skeleton of the last row that went with this one up to here and no further; at first this one.
    other: u32,
}

/// A row and a skeleton part at a piece of this number among those of the skeleton; so many of its bytes were the row's.
#[derive(Clone, Copy, Debug, Default)]
struct Parting {
    skeleton: u32,
    piece: usize,
    done: usize,
}

/// What is known of a skeleton.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// The number of its first piece; `None` if it was met once only.
    first: Option<u32>,
    /// What came behind it the last time.
    next: u32,
}

/// The pieces of skeletons, and which came behind which.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    known: Vec<Known>,
    pieces: Vec<Piece>,
    /// The skeleton of the last row.
    last: u32,
    /// Where the last row parted from what was expected.
    parted: Option<Parting>,
}

impl Expected {
    /// Cuts the row from byte to byte of `bytes`, which holds no mark. Returns its skeleton if that was expected; else `tokens` has it.
    pub(crate) fn cut(
        &mut self,
        bytes: &[u8],
        (start, row_end): (usize, usize),
        skeletons: &Interner,
        tokens: &mut Tokens,
    ) -> Option<u32> {
        tokens.begin(start);
        self.parted = None;
        let text = bytes.get(..row_end).unwrap_or_default();
        let all = skeletons.strings();
        let mut expected = self.known.get(self.last as usize).map_or(0, |known| known.next);
        // How far the row and the skeleton go together: the end of the last slot, where the tokenizer goes on, and the skeleton.
        let (mut end, mut next, mut done) = (start, start, 0);
        let (mut piece, mut partings) = (0, 0);
        let (mut skeleton, _) = all.place(expected as usize);
        while let Some(known) = self.piece(expected, piece) {
            let literal = (skeleton + done, skeleton + known.end as usize);
            let behind = end + (known.end as usize).saturating_sub(done);
            let fits = behind <= row_end && starts_with_part(bytes, end, all.bytes(), literal);
            let slot = match known.lead {
                Some(lead) if fits => tokens.follow(text, behind, lead),
                None if fits && behind == row_end => {
                    self.parted = None;
                    self.last = self.follows(expected);
                    return Some(expected);
                }
                _ => None,
            };
            if let Some(slot) = slot {
                (end, next) = slot;
                done = known.end as usize + 1;
                piece += 1;
                continue;
            }
            self.parted = Some(Parting { skeleton: expected, piece, done });
            partings += 1;
            if known.other == expected || partings > PARTINGS_MAX {
                break;
            }
            expected = known.other;
            (skeleton, _) = all.place(expected as usize);
        }
        let lead = |piece: Piece| Some((piece.end, piece.lead?));
        let leads = (0..piece).filter_map(|piece| lead(self.piece(expected, piece)?));
        let followed = all.get(expected as usize).get(..done);
        tokens.resume(followed.unwrap_or_default(), leads, end);
        line::coarse_from(text, start, next, tokens);
        None
    }

    /// Takes notice of the skeleton of a row that was not as expected.
    pub(crate) fn learn(&mut self, skeleton: u32, skeletons: &Interner, tokens: &Tokens) {
        match self.known.get_mut(skeleton as usize) {
            None => self.known.push(Known { first: None, next: skeleton }),
            Some(known @ Known { first: None, .. }) => {
                known.first = u32::try_from(self.pieces.len()).ok();
                // A slot that is a string has its quotes beside it, any other one stands outside of them.
                let (mut start, mut is_inside) = (0, false);
                for &(end, lead) in &tokens.leads {
                    let literal = tokens.skeleton.get(start..end as usize).unwrap_or_default();
                    is_inside ^= memchr::memchr_iter(b'"', literal).count() % 2 == 1;
                    let lead = if is_inside == lead.is_quoted() { lead } else { Lead::Inside };
                    self.pieces.push(Piece { end, lead: Some(lead), other: skeleton });
                    start = end as usize + 1;
                }
                let end = u32::try_from(tokens.skeleton.len()).unwrap_or(u32::MAX);
                self.pieces.push(Piece { end, lead: None, other: skeleton });
            }
            Some(_) => {}
        }
        // A row that became one slot does not start as what was expected.
        if let Some(Parting { skeleton: other, piece, done }) = self.parted.take()
            && tokens.skeleton.get(..done) == skeletons.strings().get(other as usize).get(..done)
            && let Some(Known { first: Some(first), .. }) = self.known.get(other as usize)
            && let Some(piece) = self.pieces.get_mut(*first as usize + piece)
            && self.known.get(skeleton as usize).is_some_and(|known| known.first.is_some())
        {
            piece.other = skeleton;
        }
        self.last = self.follows(skeleton);
    }

    /// Takes notice of what the next row is; returns it.
    fn follows(&mut self, skeleton: u32) -> u32 {
        if let Some(known) = self.known.get_mut(self.last as usize) {
            known.next = skeleton;
        }
        skeleton
    }

    fn piece(&self, skeleton: u32, piece: usize) -> Option<Piece> {
        let first = self.known.get(skeleton as usize)?.first?;
        self.pieces.get(first as usize + piece).copied()
    }
}

#[cfg(test)]
mod tests {
    use crate::line::{Rows, Tokens};
    use crate::template::skeleton::{Cut, Skeletons};

    /// The slots of each row, cut on its own.
    fn alone(lines: &[&str]) -> Vec<(Vec<u8>, usize)> {
        let cut = |line: &&str| {
            let mut tokens = Tokens::default();
            crate::line::coarse(line.as_bytes(), 0, &mut tokens);
            (tokens.skeleton.clone(), tokens.count())
        };
        lines.iter().map(cut).collect()
    }

    fn together(lines: &[&str]) -> Vec<(Vec<u8>, usize)> {
        let text = lines.join("\n");
        let rows = Rows::lines(Some(text.as_bytes()));
        let found = Skeletons::of(&rows, Cut::Coarse);
        let skeleton = |&id: &u32| {
            let slots = found.kinds[id as usize].slots as usize;
            (found.known.strings().get(id as usize).to_vec(), slots)
        };
        found.ids.iter().map(skeleton).collect()
    }

    #[test]
    fn rows_are_cut_as_each_would_be_on_its_own() {
        let kinds = [
            "Jun 17 20:55:07 combo sshd[24275]: Failed password for root from 112.95.230.3 port 46577",
            "Jun 17 20:55:08 combo sshd[24275]: Failed password for bin from 112.95.230.3 port 46577",
            "Jun 17 20:55:07 combo sshd[24275]: session opened",
            "Jun 17 20:55:07 combo sshd[24275]: session opened for 7",
            r#"{"a":"2018-03-24T17:15:20.8Z","b":true,"c":"x","n":5}"#,
            r#"{"a":"2018-03-24T17:15:21.8Z","b":"x","c":"2018-03-24T17:15:20","n":x}"#,
            r#"{"a":"","b":false,"c":"x":"y","n":7}"#,
            r#"1.2.3.4 - "GET /a/b1 HTTP/1.1" 200 "-" "Mozilla/5.0 (X11)""#,
            r#"1.2.3.4 - "GET /a/b1 HTTP/1.1" 200 "http://a.b" "Mozilla/5.0 (X11)""#,
            "x=1: y=10:00:00 z= :7 #8",
            "x=1: y=10:00:01 z= :77 ##8",
            "x=1: y=7 z= a",
            r#"7 write(1, "abc 7", 5) = 5"#,
            r#"7 write(1, "abc 77777777777", 5) = 5"#,
            r#"7 write(1, "abc 777 and no end"#,
            "\"",
            "",
            "7",
        ];
        let mut state = 1u64;
        let mut lines = Vec::new();
        for _ in 0..5_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            lines.push(kinds[usize::try_from(state >> 33).unwrap() % kinds.len()]);
        }
        assert_eq!(together(&lines), alone(&lines));
    }

    #[test]
    fn a_row_that_became_one_slot_leads_nowhere() {
        // It parts from what is expected behind more slots than it has pieces; what lies behind those in memory is another
        // skeleton, the end of which the last row has.
        let long = format!("a 1 b 2 {}", "y".repeat(1 << 17));
        let (x, usual, other) = ("x", "a 1 b 2 c", "abcdef gh");
        let met = [x, usual, x, usual, x, &long, x, &long, other, other];
        let parted = [x, usual, x, &long, x, usual, x, "a 1 b 2 g"];
        let lines = [&met[..], &parted].concat();
        let found = together(&lines);
        assert_eq!(found.get(5), Some(&(b"\0".to_vec(), 1)));
        assert_eq!(found.last(), Some(&(b"a \0 b \0 g".to_vec(), 2)));
    }

    #[test]
    fn rows_of_too_many_slots_and_rows_with_marks_are_cut() {
        let long = "7 ".repeat(900);
        let lines = [&long, "a 1", &long, "a\0b", &long, "a 1", "a\0b", "a 1"];
        let found = together(&lines);
        assert_eq!((found[0].1, found[2].1, found[3].1), (401, 401, 1));
        assert_eq!((&found[1], &found[3]), (&found[7], &found[6]));
    }
}
