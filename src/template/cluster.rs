//! Skeletons → templates, by iterative clustering.
//!
//! Skeletons of one *signature* (alike but for their words) are divided at the position with the fewest distinct words,
//! again and again, as long as that position looks like structure; what then still differs becomes slots. After Logzip
//! (Liu et al., ASE 2019), which clusters by level, frequent tokens and similarity, and `IPLoM` (Makanju et al., KDD 2009),
//! which divides by position.

use std::collections::BTreeMap;

use crate::column::Interner;
use crate::line::{MARK, MARK_TIME};

/// Stands for a word in a signature.
const WORD: u8 = 2;
/// A position with no more distinct words than this divides its group.
const DIVIDE_MAX: usize = 2;
/// So does one with at most this part of the group's skeletons.
const DIVIDE_PART: usize = 4;
/// Skeletons that each stand for this many lines are left apart: their text costs nothing.
const ROWS_MANY: u32 = 64;
/// A group at least this large is merged even where most of its words differ.
const GROUP_LARGE: usize = 64;

/// Where the value of a template's slot comes from, for the lines of one skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The line's slot of this number.
    Slot(u32),
    /// A part of the skeleton, from byte to byte.
    Word(u32, u32),
}

/// The template of a skeleton, and how to fill its slots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assigned {
    /// Number of the template.
    pub(crate) template: u32,
    /// One source for each slot of the template.
    pub(crate) sources: Vec<Source>,
}

/// Templates, numbered by first appearance, and what each skeleton became.
#[derive(Debug, Default)]
pub(crate) struct Clusters {
    pub(crate) templates: Vec<Vec<u8>>,
    pub(crate) assigned: Vec<Assigned>,
}

/// Clusters the skeletons.
pub(crate) fn cluster(skeletons: &Interner, counts: &[u32]) -> Clusters {
    let words: Vec<Vec<(u32, u32)>> = skeletons.strings().iter().map(words_of).collect();
    let mut variable: Vec<Vec<bool>> = words.iter().map(|words| vec![false; words.len()]).collect();
    let mut signatures = Interner::default();
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut signature = Vec::new();
    for (id, (skeleton, words)) in (0u32..).zip(skeletons.strings().iter().zip(&words)) {
        write_template(skeleton, words, |_| Some(WORD), &mut signature);
        let (group, new) = signatures.intern(&signature);
        if new {
            groups.push(Vec::new());
        }
        if let Some(members) = groups.get_mut(group as usize) {
            members.push(id);
        }
    }
    let view = View { skeletons, words: &words, counts };
    while let Some(group) = groups.pop() {
        view.divide(group, &mut groups, &mut variable);
    }
    collect(skeletons, &words, &variable)
}

/// Numbers the templates and writes down where their values come from.
fn collect(skeletons: &Interner, words: &[Vec<(u32, u32)>], variable: &[Vec<bool>]) -> Clusters {
    let mut known = Interner::default();
    let mut assigned = Vec::with_capacity(words.len());
    let mut text = Vec::new();
    for ((skeleton, words), variable) in skeletons.strings().iter().zip(words).zip(variable) {
        let is_slot = |word: usize| variable.get(word).copied().unwrap_or(false).then_some(MARK);
        write_template(skeleton, words, is_slot, &mut text);
        let (template, _) = known.intern(&text);
        assigned.push(Assigned { template, sources: sources(skeleton, words, variable) });
    }
    let templates = known.strings().iter().map(<[u8]>::to_vec).collect();
    Clusters { templates, assigned }
}

/// The sources of a skeleton's values, in the order of its bytes.
fn sources(skeleton: &[u8], words: &[(u32, u32)], variable: &[bool]) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut slot = 0;
    let mut words = words.iter().zip(variable).filter(|&(_, &variable)| variable).peekable();
    for (&byte, at) in skeleton.iter().zip(0u32..) {
        if let Some((&(start, end), _)) = words.next_if(|((start, _), _)| *start == at) {
            sources.push(Source::Word(start, end));
        }
        if byte == MARK || byte == MARK_TIME {
            sources.push(Source::Slot(slot));
            slot += 1;
        }
    }
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

/// The words of a skeleton: runs of what identifiers and names are made of.
fn words_of(skeleton: &[u8]) -> Vec<(u32, u32)> {
    let is_word = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || byte >= 0x80
            || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'$')
    };
    let mut words = Vec::new();
    let mut start = None;
    for (byte, at) in skeleton.iter().copied().chain([b' ']).zip(0u32..) {
        match (start, is_word(byte)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                words.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    words
}

struct View<'a> {
    skeletons: &'a Interner,
    words: &'a [Vec<(u32, u32)>],
    counts: &'a [u32],
}

impl View<'_> {
    fn word(&self, id: u32, position: usize) -> &[u8] {
        let place = self.words.get(id as usize).and_then(|words| words.get(position));
        let (start, end) = place.copied().unwrap_or_default();
        let skeleton = self.skeletons.strings().get(id as usize);
        skeleton.get(start as usize..end as usize).unwrap_or_default()
    }

    fn by_word(&self, group: &[u32], position: usize) -> BTreeMap<&[u8], Vec<u32>> {
        let mut parts: BTreeMap<&[u8], Vec<u32>> = BTreeMap::new();
        for &id in group {
            parts.entry(self.word(id, position)).or_default().push(id);
        }
        parts
    }

    /// Divides a group into `groups`, or makes the words in which it differs variable.
    fn divide(&self, group: Vec<u32>, groups: &mut Vec<Vec<u32>>, variable: &mut [Vec<bool>]) {
        let Some(&first) = group.first() else { return };
        let positions = self.words.get(first as usize).map_or(0, Vec::len);
        let rows = |id: &u32| self.counts.get(*id as usize).copied().unwrap_or(0);
        if group.len() == 1 || positions == 0 || group.iter().all(|id| rows(id) >= ROWS_MANY) {
            return;
        }
        let mut differing = Vec::new();
        let mut best: Option<(usize, usize)> = None;
        for position in 0..positions {
            let word = self.word(first, position);
            if group.iter().all(|&id| self.word(id, position) == word) {
                continue;
            }
            let distinct = self.by_word(&group, position).len();
            differing.push(position);
            if best.is_none_or(|(fewest, _)| distinct < fewest) {
                best = Some((distinct, position));
            }
        }
        let Some((fewest, position)) = best else { return };
        if fewest <= DIVIDE_MAX.max(group.len() / DIVIDE_PART) {
            groups.extend(self.by_word(&group, position).into_values());
        } else if differing.len() * 2 <= positions || group.len() >= GROUP_LARGE {
            for id in group {
                let Some(variable) = variable.get_mut(id as usize) else { continue };
                for &position in &differing {
                    if let Some(is_variable) = variable.get_mut(position) {
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

    fn templates(skeletons: &[&str]) -> Vec<String> {
        let mut known = Interner::default();
        for skeleton in skeletons {
            known.intern(skeleton.as_bytes());
        }
        let clusters = cluster(&known, &vec![1; skeletons.len()]);
        let text = |t: &Vec<u8>| String::from_utf8_lossy(t).replace('\0', "<*>");
        clusters.templates.iter().map(text).collect()
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
        let mut known = Interner::default();
        for user in ["bob", "eve", "joe"] {
            known.intern(format!("\0 user {user} from \0").as_bytes());
        }
        let clusters = cluster(&known, &[1, 1, 1]);
        let sources = &clusters.assigned[1].sources;
        assert_eq!(sources, &[Source::Slot(0), Source::Word(7, 10), Source::Slot(1)]);
    }
}
