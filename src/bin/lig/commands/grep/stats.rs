//! `--stats`, `--explain`: how a search is gone about, and what was looked at.

use std::fmt::Write as _;

use lignite::{Predicate, ScanStats, show_time};

use crate::output::escape;
use crate::units;

/// Adds what was done for another file.
pub(crate) fn add_stats(totals: &mut ScanStats, stats: &ScanStats) {
    totals.selected += stats.selected;
    totals.blocks += stats.blocks;
    totals.blocks_skipped += stats.blocks_skipped;
    totals.blocks_filtered += stats.blocks_filtered;
    totals.blocks_pruned += stats.blocks_pruned;
    totals.blocks_in_part += stats.blocks_in_part;
    totals.blocks_whole += stats.blocks_whole;
    totals.bytes_decoded += stats.bytes_decoded;
    totals.templates += stats.templates;
    totals.templates_possible += stats.templates_possible;
    totals.lines_possible += stats.lines_possible;
    totals.lines_matched += stats.lines_matched;
    totals.bytes_raw += stats.bytes_raw;
}

/// What was looked at, for people.
pub(crate) fn stats_text(totals: &ScanStats) -> String {
    format!(
        "{} lines selected\n{} blocks: {} skipped by time or level, {} by filters, {} pruned by templates, {} decoded in part, {} wholly\n{} bytes decoded of {} raw; {} lines matched one by one\n",
        totals.selected,
        totals.blocks,
        totals.blocks_skipped,
        totals.blocks_filtered,
        totals.blocks_pruned,
        totals.blocks_in_part,
        totals.blocks_whole,
        totals.bytes_decoded,
        totals.bytes_raw,
        totals.lines_matched,
    )
}

/// How a search is gone about.
pub(crate) fn plan(predicate: &Predicate) -> String {
    let mut text = String::from("plan:\n");
    let mut step = |what: String| {
        let _infallible = writeln!(text, "  {what}");
    };
    let time = |time: Option<i64>, what: &str| {
        time.map(|time| format!(" {what} {}", show_time(time))).unwrap_or_default()
    };
    if predicate.since.is_some() || predicate.until.is_some() {
        let span = time(predicate.since, "from") + &time(predicate.until, "to before");
        step(format!("blocks by their times: those with lines{span}"));
    }
    if let Some(levels) = predicate.severities {
        let names: Vec<_> = levels.iter().map(lignite::Severity::name).collect();
        step(format!("blocks by their levels: those with {}", names.join(", ")));
    }
    let needed = predicate.required_texts();
    for texts in &needed {
        let shown = |text: &Vec<u8>| format!("{:?}", escape(&String::from_utf8_lossy(text)));
        let shown: Vec<_> = texts.iter().map(shown).collect();
        step(format!(
            "blocks by their filters, templates, columns: each line has {}",
            shown.join(" or ")
        ));
    }
    if needed.is_empty() {
        step("nothing is known of what each line has: blocks are decoded wholly".to_owned());
    }
    if predicate.condition.is_some() {
        step(
            "blocks and templates by the condition, as far as it is about all of their lines"
                .to_owned(),
        );
    }
    if predicate.pattern.is_some() {
        let how = if predicate.invert { "must not match" } else { "must match" };
        step(format!("what is left, line by line: it {how}"));
    }
    text
}

/// What each step removed.
pub(crate) fn explained(totals: &ScanStats) -> String {
    let opened = totals.blocks_in_part + totals.blocks_whole + totals.blocks_pruned;
    let mut text = format!("{} blocks, {} raw\n", totals.blocks, units::bytes(totals.bytes_raw));
    for (count, what) in [
        (totals.blocks_skipped, "passed over by times, levels or counts"),
        (totals.blocks_filtered, "passed over by filters"),
        (opened, "opened"),
        (totals.blocks_pruned, "of them ruled out by their templates"),
        (totals.blocks_in_part, "decoded in part"),
        (totals.blocks_whole, "decoded wholly"),
        (totals.templates_possible, "templates possible"),
        (totals.templates, "of so many of the blocks ruled out or decoded in part"),
        (totals.lines_possible, "lines possible by their columns"),
        (totals.lines_matched, "lines rendered and matched one by one"),
        (totals.bytes_decoded, "bytes decoded"),
        (totals.selected, "lines selected"),
    ] {
        let _infallible = writeln!(text, "{count:>12} {what}");
    }
    text
}
