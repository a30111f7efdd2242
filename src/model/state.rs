//! Bit histories (`docs/MODEL-FORMAT.md`, "Bit histories"): what a context has seen, in a byte.
//!
//! A state stands for how many zeros and ones came, and which came last. Counts are bounded, and a long count shrinks
//! when the other bit comes: what is recent tells more. After the nonstationary states of paq8 and ZPAQ (Mahoney); the
//! table here is generated from the rule in `next`.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tables made at compile time, indexed by a byte"
)]

/// The longest run counted where only one bit has been seen.
const RUN_MAX: u8 = 60;
/// The larger count's bound, by the smaller count, where both bits have been seen.
const BOUNDS: [u8; 6] = [RUN_MAX, 16, 8, 6, 5, 5];
/// What is left of a count when the other bit comes.
const fn discounted(count: u8) -> u8 {
    match count {
        0..=2 => count,
        3..=4 => 3,
        5..=8 => 4,
        9..=20 => 5,
        _ => 6,
    }
}

/// One state: zeros, ones, and the last bit where both were seen.
#[derive(Clone, Copy)]
struct Counts {
    counts: [u8; 2],
    last: u8,
}

const fn is_state(counts: [u8; 2]) -> bool {
    let (less, more) =
        if counts[0] < counts[1] { (counts[0], counts[1]) } else { (counts[1], counts[0]) };
    (less as usize) < BOUNDS.len() && more <= BOUNDS[less as usize]
}

struct Table {
    next: [[u8; 2]; 256],
    counts: [[u8; 2]; 256],
    states: usize,
}

/// States in the order of zeros, ones, last bit; state 0 has seen nothing.
const TABLE: Table = {
    let mut list = [Counts { counts: [0, 0], last: 0 }; 256];
    let mut states = 0;
    let mut zeros = 0;
    while zeros <= RUN_MAX {
        let mut ones = 0;
        while ones <= RUN_MAX {
            let mut last = 0;
            while is_state([zeros, ones]) && last < 2 {
                // Where only one bit was seen, that was the last.
                if (zeros > 0 && ones > 0) || last == (ones > 0) as u8 {
                    list[states] = Counts { counts: [zeros, ones], last };
                    states += 1;
                }
                last += 1;
            }
            ones += 1;
        }
        zeros += 1;
    }
    let mut table = Table { next: [[0; 2]; 256], counts: [[0; 2]; 256], states };
    let mut at = 0;
    while at < states {
        table.counts[at] = list[at].counts;
        table.next[at] =
            [find(&list, states, next(list[at], 0)), find(&list, states, next(list[at], 1))];
        at += 1;
    }
    table
};

/// The state after `bit`: its count grows, the other's is discounted; over a bound, the other's shrinks instead.
const fn next(from: Counts, bit: u8) -> Counts {
    let mut counts = from.counts;
    let other = 1 - bit as usize;
    counts[other] = discounted(counts[other]);
    counts[bit as usize] += 1;
    if !is_state(counts) {
        if counts[other] > 1 {
            counts[other] -= 1;
        }
        while !is_state(counts) {
            counts[bit as usize] -= 1;
        }
    }
    Counts { counts, last: bit }
}

const fn find(list: &[Counts; 256], states: usize, wanted: Counts) -> u8 {
    let mut at = 0;
    while at < states {
        let found = list[at];
        if found.counts[0] == wanted.counts[0]
            && found.counts[1] == wanted.counts[1]
            && found.last == wanted.last
        {
            return at as u8;
        }
        at += 1;
    }
    0
}

/// The state behind `state` when `bit` comes.
#[inline]
pub(crate) fn after(state: u8, bit: u32) -> u8 {
    TABLE.next[state as usize][(bit & 1) as usize]
}

/// How much a state has seen.
#[inline]
pub(crate) fn weight(state: u8) -> u8 {
    let [zeros, ones] = TABLE.counts[state as usize];
    zeros + ones
}

/// 0: nothing seen, 1: only one bit, 2: both.
#[inline]
pub(crate) fn kind(state: u8) -> usize {
    KINDS[state as usize] as usize
}

const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut at = 1;
    while at < TABLE.states {
        let [zeros, ones] = TABLE.counts[at];
        kinds[at] = if zeros == 0 || ones == 0 { 1 } else { 2 };
        at += 1;
    }
    kinds
};

/// The probability of a one, of 65536, that a state starts with.
pub(crate) fn prior(state: u8) -> u32 {
    let [zeros, ones] = TABLE.counts[state as usize].map(u32::from);
    // 0.4 is added to each count.
    65536 * (ones * 5 + 2) / ((zeros + ones) * 5 + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_successor() {
        const { assert!(TABLE.states <= 256) };
        for state in 0..TABLE.states {
            for bit in 0..2 {
                let next = after(state as u8, bit);
                assert!(next != 0, "state {state}, bit {bit}");
                assert!(TABLE.counts[next as usize][bit as usize] > 0);
            }
        }
    }

    #[test]
    fn a_long_run_is_soon_forgotten() {
        let mut state = 0;
        for _ in 0..100 {
            state = after(state, 0);
        }
        assert_eq!(TABLE.counts[state as usize], [RUN_MAX, 0]);
        state = after(state, 1);
        assert_eq!(TABLE.counts[state as usize], [6, 1]);
    }
}
