//! Rare templates → the rest of a row as text.
//!
//! A template pays for its text, its slots and its number; one of few rows may never earn that back. Such rows keep
//! what they share with many others, the head with its times, names and numbers; what follows becomes one value, text
//! among text like it. A trial tells whether that is smaller.

use std::collections::{BTreeMap, HashMap};

use xxhash_rust::xxh3::Xxh3Default;

use crate::codec::{Codec, Compressor};
use crate::column::Interner;
use crate::line::{MARK, MARK_TIME, Rows};
use crate::template::cluster::{Assigned, Clusters};
use crate::template::columns::look;
use crate::template::skeleton::{Kind, Skeletons, Source};

/// A template of fewer rows is rare.
const ROWS_RARE: u32 = 8;
/// Rows that share a head, so that it is kept.
const HEAD_ROWS: u32 = 16;
/// Bytes that the number of a row's template costs where many are rare, and where they are one.
const ID_RARE: usize = 2;
const ID_COMMON: usize = 1;
/// Bytes that a slot costs.
const SLOT: usize = 2;

/// Part of its size by which what is cut must be smaller: where a head is left, and where rows lose all structure.
const MARGIN_HEADED: usize = 64;
const MARGIN_BARE: usize = 4;

/// How a skeleton's rows are taken if its template is cut.
struct Cut {
    /// The template's text up to here, and then a slot.
    end: usize,
    /// The slots of the head, and the rest.
    sources: Vec<Source>,
}

/// Cuts rare templates behind their head, those without a head at their start, if a trial says that it pays.
pub(crate) fn cut_rare(
    clusters: Clusters,
    skeletons: &Skeletons,
    rows: &Rows<'_>,
    compressor: &mut Compressor,
) -> Clusters {
    let mut counts = vec![0u32; clusters.templates.len()];
    for (own, kind) in clusters.assigned.iter().zip(&skeletons.kinds) {
        if let Some(count) = counts.get_mut(own.template as usize) {
            *count += kind.rows;
        }
    }
    let rare =
        |own: &Assigned| counts.get(own.template as usize).is_some_and(|&count| count < ROWS_RARE);
    if !clusters.assigned.iter().any(rare) {
        return clusters;
    }
    let cuts = cuts(&clusters, skeletons, &counts, rare);
    let [bare, headed] = [false, true].map(|headed| {
        let chosen: Vec<bool> = cuts
            .iter()
            .map(|cut| cut.as_ref().is_some_and(|cut| (cut.end > 0) == headed))
            .collect();
        let margin = if headed { MARGIN_HEADED } else { MARGIN_BARE };
        pays(&clusters, skeletons, rows, &cuts, &chosen, margin, compressor)
    });
    let mut known = Interner::default();
    let mut assigned = Vec::with_capacity(clusters.assigned.len());
    let mut text = Vec::new();
    for (own, cut) in clusters.assigned.into_iter().zip(cuts) {
        let template = clusters.templates.get(own.template as usize);
        let template = template.map_or(&[][..], Vec::as_slice);
        match cut {
            Some(cut) if if cut.end > 0 { headed } else { bare } => {
                text.clear();
                text.extend_from_slice(template.get(..cut.end).unwrap_or_default());
                text.push(MARK);
                let (template, _) = known.intern(&text);
                assigned.push(Assigned { template, sources: cut.sources });
            }
            _ => {
                let (template, _) = known.intern(template);
                assigned.push(Assigned { template, ..own });
            }
        }
    }
    let templates = known.strings().iter().map(<[u8]>::to_vec).collect();
    Clusters { templates, assigned }
}

/// Where each rare skeleton would be cut; none for the others.
fn cuts(
    clusters: &Clusters,
    skeletons: &Skeletons,
    counts: &[u32],
    rare: impl Fn(&Assigned) -> bool,
) -> Vec<Option<Cut>> {
    // Looked up by key only: its order never reaches the output.
    let mut heads: HashMap<u64, u32> = HashMap::new();
    for (template, &count) in clusters.templates.iter().zip(counts) {
        for_each_head(template, |_, _, head| *heads.entry(head).or_insert(0) += count);
    }
    let cut = |(own, kind): (&Assigned, &Kind)| {
        let template = clusters.templates.get(own.template as usize)?;
        if !rare(own) || template == &[MARK] {
            return None;
        }
        let all: Vec<Source> = own.all_sources(kind.slots as usize).collect();
        let mut cut = Cut { end: 0, sources: vec![Source::Rest(0)] };
        for_each_head(template, |slots, end, head| {
            let shared = heads.get(&head).is_some_and(|&count| count >= HEAD_ROWS);
            // Only of a slot it is known where it ends in the row.
            if shared
                && let Some(head) = all.get(..slots)
                && let Some(&Source::Slot(last)) = head.last()
            {
                let sources = head.iter().copied().chain([Source::Rest(last + 1)]).collect();
                cut = Cut { end, sources };
            }
        });
        Some(cut)
    };
    clusters.assigned.iter().zip(&skeletons.kinds).map(cut).collect()
}

/// Whether the chosen skeletons are smaller cut than as templates, by the text of both and of their rows.
fn pays(
    clusters: &Clusters,
    skeletons: &Skeletons,
    rows: &Rows<'_>,
    cuts: &[Option<Cut>],
    chosen: &[bool],
    margin: usize,
    compressor: &mut Compressor,
) -> bool {
    let mut goes = vec![false; clusters.templates.len()];
    let mut slots = 0;
    for ((own, _), cut) in clusters.assigned.iter().zip(chosen).zip(cuts).filter(|((_, c), _)| **c)
    {
        if let Some(goes) = goes.get_mut(own.template as usize)
            && !std::mem::replace(goes, true)
        {
            let of_head = cut.as_ref().map_or(0, |cut| cut.sources.len() - 1);
            let template = clusters.templates.get(own.template as usize);
            let all =
                template.map_or(0, |text| memchr::memchr2_iter(MARK, MARK_TIME, text).count());
            slots += all - of_head.min(all);
        }
    }
    // Templates are packed together: what looks like other templates costs little there.
    let (mut all, mut kept) = (Vec::new(), Vec::new());
    for (template, goes) in clusters.templates.iter().zip(goes) {
        for text in [Some(&mut all), (!goes).then_some(&mut kept)].into_iter().flatten() {
            text.extend_from_slice(template);
            text.push(b'\n');
        }
    }
    // The columns of rare templates are by the look of their values.
    let mut values: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut rests = Vec::new();
    let mut count = 0;
    for (id, row) in skeletons.rows(rows) {
        let cut = cuts.get(id as usize).and_then(Option::as_ref);
        let (Some(true), Some(cut), Some(own)) =
            (chosen.get(id as usize), cut, clusters.assigned.get(id as usize))
        else {
            continue;
        };
        count += 1;
        let of_head = cut.sources.len() - 1;
        for source in own.all_sources(row.slots.len()).skip(of_head) {
            let value = row.value(source);
            let column = values.entry(look(value)).or_default();
            column.extend_from_slice(value);
            column.push(b'\n');
        }
        for &rest in cut.sources.iter().skip(of_head) {
            rests.extend_from_slice(row.value(rest));
            rests.push(b'\n');
        }
    }
    let mut size = |bytes: &[u8]| {
        let stored = compressor.compress(Codec::Zstd(1), bytes);
        stored.map_or(usize::MAX / 8, |(_, stored)| stored.len())
    };
    let apart = size(&all)
        + size(&values.into_values().collect::<Vec<_>>().concat())
        + slots * SLOT
        + count * ID_RARE;
    let cut = size(&kept) + size(&rests) + count * ID_COMMON;
    count > 0 && cut.saturating_add(cut / margin) < apart
}

/// Calls `take` for each head of a template, up to and with a slot: its number of slots, its end, and its hash.
fn for_each_head(template: &[u8], mut take: impl FnMut(usize, usize, u64)) {
    let mut hash = Xxh3Default::new();
    let mut done = 0;
    let marks = memchr::memchr2_iter(MARK, MARK_TIME, template);
    for (at, slots) in marks.zip(1..) {
        hash.update(template.get(done..=at).unwrap_or_default());
        done = at + 1;
        take(slots, done, hash.digest());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::cluster::cluster;
    use crate::template::skeleton;
    use std::fmt::Write;

    #[test]
    fn prose_behind_a_head_becomes_text() {
        let words = ["lorem", "ipsum", "dolor", "sit", "amet", "elit", "sed", "eiusmod", "magna"];
        let mut log = String::new();
        for i in 0..400usize {
            let word = |n: usize| words[i.wrapping_mul(0x9e37 + n * 77) / 7 % words.len()];
            let prose: Vec<_> = (0..3 + i % 11).map(word).collect();
            writeln!(log, "10:{:02}:{:02} [{i}] {}", i / 60, i % 60, prose.join(" ")).unwrap();
        }
        let rows = Rows::lines(Some(log.trim_end().as_bytes()));
        let skeletons = Skeletons::of(&rows, skeleton::Cut::Coarse);
        let clusters = cluster(&skeletons);
        assert!(clusters.templates.len() > 50, "{}", clusters.templates.len());
        let cut = cut_rare(clusters, &skeletons, &rows, &mut Compressor::default());
        assert_eq!(cut.templates[0], b"\x01 [\0\0");
        assert!(cut.templates.len() < 20, "{}", cut.templates.len());
    }
}
