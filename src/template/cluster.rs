//! Skeletons → templates, by iterative clustering.
//!
//! Skeletons of one *signature* (alike but for their words) are divided at the position with the fewest distinct words,
//! again and again, as long as that position looks like structure; what then still differs becomes slots. After Logzip
//! (Liu et al., ASE 2019), which clusters by level, frequent tokens and similarity, and `IPLoM` (Makanju et al., KDD 2009),
//! which divides by position.

use crate::column::Interner;
use crate::line::{MARK, MARK_TIME};
use crate::template::skeleton::{Skeletons, Source};
use crate::template::words::Words;

/// Stands for a word in a signature.
const WORD: u8 = 2;
/// A position with no more distinct words than this divides its group.
const DIVIDE_MAX: usize = 2;
/// So does one with at most this part of the group's skeletons.
const DIVIDE_PART: usize = 8;
/// Skeletons that each stand for this many rows are left apart: their text costs nothing.
const ROWS_MANY: u32 = 64;
/// A group at least this large is merged even where most of its words differ.
const GROUP_LARGE: usize = 64;
/// Words looked at in all; groups that are left then stay as they are.
const WORK_MAX: usize = 1 << 26;

/// The template of a skeleton, and how to fill its slots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assigned {
    /// Number of the template.
    pub(crate) template: u32,
    /// One source for each slot of the template; empty if they are the row's slots as they come.
    pub(crate) sources: Vec<Source>,
}

impl Assigned {
    /// The sources of the template's slots, for rows that have so many.
    pub(crate) fn all_sources(&self, slots: usize) -> impl Iterator<Item = Source> {
        let plain = if self.sources.is_empty() { slots } else { 0 };
        self.sources.iter().copied().chain((0..).take(plain).map(Source::Slot))
    }
}

/// Templates, numbered by first appearance, and what each skeleton became.
#[derive(Debug, Default)]
pub(crate) struct Clusters {
    pub(crate) templates: Vec<Vec<u8>>,
    pub(crate) assigned: Vec<Assigned>,
}

/// Clusters the skeletons.
pub(crate) fn cluster(skeletons: &Skeletons) -> Clusters {
    let mut words = Words::default();
    let mut signatures = Interner::default();
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut signature = Vec::new();
    for (id, skeleton) in (0u32..).zip(skeletons.known.strings().iter()) {
        signature.clear();
        words.push(skeleton, WORD, &mut signature);
        let (group, new) = signatures.intern(&signature);
        if new {
            groups.push(Vec::new());
        }
        if let Some(members) = groups.get_mut(group as usize) {
            members.push(id);
        }
    }
    let mut variable = vec![false; words.len()];
    let mut view = View { skeletons, words: &words, seen: Seen::default(), work: 0 };
    while let Some(group) = groups.pop() {
        view.divide(group, &mut groups, &mut variable);
    }
    collect(skeletons, &words, &variable)
}

/// Numbers the templates and writes down where their values come from.
fn collect(skeletons: &Skeletons, words: &Words, variable: &[bool]) -> Clusters {
    let mut known = Interner::default();
    let mut assigned = Vec::with_capacity(skeletons.kinds.len());
    let mut text = Vec::new();
    for (id, skeleton) in (0u32..).zip(skeletons.known.strings().iter()) {
        let (start, end) = words.range(id);
        let variable = variable.get(start..end).unwrap_or_default();
        if !variable.contains(&true) {
            let (template, _) = known.intern(skeleton);
            assigned.push(Assigned { template, sources: Vec::new() });
            continue;
        }
        let places = words.of_skeleton(id);
        let is_slot = |word: usize| variable.get(word).copied().unwrap_or(false).then_some(MARK);
        write_template(skeleton, places, is_slot, &mut text);
        let (template, _) = known.intern(&text);
        assigned.push(Assigned { template, sources: sources(skeleton, places, variable) });
    }
    let templates = known.strings().iter().map(<[u8]>::to_vec).collect();
    Clusters { templates, assigned }
}

/// The sources of a skeleton's values, in the order of its bytes.
fn sources(skeleton: &[u8], words: &[(u32, u32)], variable: &[bool]) -> Vec<Source> {
    let mut marks = memchr::memchr2_iter(MARK, MARK_TIME, skeleton).zip(0u32..).peekable();
    let mut sources = Vec::new();
    for (&(start, end), _) in words.iter().zip(variable).filter(|&(_, &variable)| variable) {
        while let Some((_, slot)) = marks.next_if(|&(at, _)| at < start as usize) {
            sources.push(Source::Slot(slot));
        }
        sources.push(Source::Word(start, end));
    }
    sources.extend(marks.map(|(_, slot)| Source::Slot(slot)));
    sources
}

/// Copies `skeleton` to `dst`, with what `replace` gives in place of the word of that number.
fn write_template(
    skeleton: &[u8],
    words: &[(u32, u32)],
    replace: impl Fn(usize) -> Option<u8>,
    dst: &mut Vec<u8>,
) {
    dst.clear();
    let mut done = 0;
    for (number, &(start, end)) in words.iter().enumerate() {
        if let Some(mark) = replace(number) {
            dst.extend_from_slice(skeleton.get(done..start as usize).unwrap_or_default());
            dst.push(mark);
            done = end as usize;
        }
    }
    dst.extend_from_slice(skeleton.get(done..).unwrap_or_default());
}

struct View<'a> {
    skeletons: &'a Skeletons,
    words: &'a Words,
    seen: Seen,
    /// Words looked at so far.
    work: usize,
}

/// Counts distinct hashes.
#[derive(Debug, Default)]
struct Seen {
    /// Open addressing: the look that met a hash last, and the hash.
    slots: Vec<(u32, u64)>,
    look: u32,
    /// Of a look, so many places less one are used.
    mask: usize,
}

impl Seen {
    /// Starts a look at no more than `most` hashes.
    fn begin(&mut self, most: usize) {
        self.look += 1;
        let places = (most * 2).next_power_of_two();
        self.mask = places - 1;
        if self.slots.len() < places {
            self.slots = vec![(0, 0); places];
            self.look = 1;
        }
    }

    /// Whether this look meets the hash for the first time.
    fn is_new(&mut self, hash: u64) -> bool {
        let mask = self.mask;
        let mut at = usize::try_from(hash & 0xffff_ffff).unwrap_or(0) & mask;
        // There is room: no more than half of the places are taken.
        loop {
            match self.slots.get_mut(at) {
                Some(slot) if slot.0 != self.look => {
                    *slot = (self.look, hash);
                    return true;
                }
                Some(slot) if slot.1 != hash => at = (at + 1) & mask,
                _ => return false,
            }
        }
    }
}

impl View<'_> {
    /// The positions at which the words of a group differ.
    fn differing(&self, group: &[u32]) -> Vec<usize> {
        let Some((&first, others)) = group.split_first() else { return Vec::new() };
        let words = self.words.hashes_of(first);
        // Skeleton by skeleton: the words of each lie together.
        let mut differs = vec![false; words.len()];
        for &id in others {
            let pairs = words.iter().zip(self.words.hashes_of(id));
            for (differs, (word, own)) in differs.iter_mut().zip(pairs) {
                *differs |= word != own;
            }
        }
        let positions = differs.into_iter().enumerate();
        positions.filter_map(|(position, differs)| differs.then_some(position)).collect()
    }

    /// Number of distinct words of a group at a position; if they are more than `most`, only that they are more.
    fn distinct(&mut self, group: &[u32], position: usize, most: usize) -> usize {
        self.seen.begin(group.len().min(most + 1));
        let mut distinct = 0;
        for &id in group {
            self.work += 1;
            distinct += usize::from(self.seen.is_new(self.words.hash(id, position)));
            if distinct > most {
                break;
            }
        }
        distinct
    }

    /// Divides a group into `groups`, or makes the words in which it differs variable.
    fn divide(&mut self, mut group: Vec<u32>, groups: &mut Vec<Vec<u32>>, variable: &mut [bool]) {
        let Some(&first) = group.first() else { return };
        let positions = self.words.of_skeleton(first).len();
        let many = |id: &u32| {
            self.skeletons.kinds.get(*id as usize).is_some_and(|kind| kind.rows >= ROWS_MANY)
        };
        if group.len() == 1 || self.work > WORK_MAX || group.iter().all(many) {
            return;
        }
        let differing = self.differing(&group);
        if differing.is_empty() {
            return;
        }
        let most = DIVIDE_MAX.max(group.len() / DIVIDE_PART);
        let mut best: Option<(usize, usize)> = None;
        for &position in &differing {
            // There are two at least, where they differ.
            let few = match best {
                Some((..=2, _)) => break,
                Some((fewest, _)) => fewest - 1,
                None => most,
            };
            let distinct = self.distinct(&group, position, few);
            if distinct <= few {
                best = Some((distinct, position));
            }
        }
        if let Some((_, position)) = best {
            let word = |id: &u32| self.words.hash(*id, position);
            group.sort_by_cached_key(|id| (word(id), *id));
            groups.extend(group.chunk_by(|a, b| word(a) == word(b)).map(<[u32]>::to_vec));
        } else if differing.len() * 2 <= positions || group.len() >= GROUP_LARGE {
            for id in group {
                let (start, _) = self.words.range(id);
                for &position in &differing {
                    if let Some(is_variable) = variable.get_mut(start + position) {
                        *is_variable = true;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Rows;
    use crate::template::skeleton::Cut;

    fn skeletons(lines: &[&str]) -> Skeletons {
        let text = lines.join("\n");
        Skeletons::of(&Rows::lines(Some(text.as_bytes())), Cut::Coarse)
    }

    fn templates(lines: &[&str]) -> Vec<String> {
        let text = |t: &Vec<u8>| String::from_utf8_lossy(t).replace('\0', "<*>");
        cluster(&skeletons(lines)).templates.iter().map(text).collect()
    }

    #[test]
    fn a_word_that_varies_becomes_a_slot() {
        let lines = ["user bob logged in", "user eve logged in", "user joe logged in"];
        assert_eq!(templates(&lines), ["user <*> logged in"]);
    }

    #[test]
    fn two_states_stay_apart() {
        assert_eq!(templates(&["link eth is up", "link eth is down"]).len(), 2);
    }

    #[test]
    fn sources_follow_the_order_of_the_template() {
        let users = ["bob", "eve", "joe"].map(|user| format!("7 user {user} from 9"));
        let clusters = cluster(&skeletons(&users.each_ref().map(String::as_str)));
        let sources = &clusters.assigned[1].sources;
        assert_eq!(sources, &[Source::Slot(0), Source::Word(7, 10), Source::Slot(1)]);
    }
}
