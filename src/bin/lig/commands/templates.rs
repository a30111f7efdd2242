//! `lig templates`: the print statements a log came from, and which of them two logs do not share.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use lignite::vfs::FileSystem;
use lignite::{Archive, BlockInfo, FileTemplate, FileTemplates, TemplateSlot};
use serde::Serialize;

use crate::commands::search::is_archive_file;
use crate::models::KnownModels;
use crate::output::{Output, escape, name};
use crate::units;

/// Characters of a template that are shown in the table.
const TEXT_CHARS_MAX: usize = 120;
/// Columns of the line that shows where in the file a template comes.
const SPARK_COLUMNS: usize = 12;
/// A template whose share of lines grows or shrinks by this factor has changed.
const CHANGED: u64 = 4;
/// Unless it has fewer lines than this in both files.
const LINES_MIN: u64 = 20;

/// Lists the templates of .lig files and archives: what lines have in common, with rank, id, lines, share, and where in the file they are.
///
/// Slots are written with the name that stands before them and what their values are: <user>, <took:number>, <time>, <*>.
/// Rank and id are what lig grep --template and the field template of lig query take.
#[derive(Clone, Debug, Parser)]
#[command(name = "templates", bin_name = "lig templates", args_override_self = true, after_help = AFTER_HELP)]
pub(crate) struct TemplatesArgs {
    /// Files to look into
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Compare two files: what is new in the second, gone, or much more or less frequent
    #[arg(long)]
    diff: bool,

    /// Show when each is seen first and last, as near as the blocks it is in tell
    #[arg(short, long)]
    times: bool,

    /// One JSON object for each template
    #[arg(long)]
    json: bool,

    /// Templates to show of each file; 0: all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 0)]
    top: usize,

    #[command(flatten)]
    known: KnownModels,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done; with --diff: 0 nothing is new, 1 something is; 2 something failed.";

/// The templates of a file.
#[derive(Debug, Default)]
struct Templates {
    /// By rank.
    all: Vec<FileTemplate>,
    blocks: Vec<Option<(i64, i64)>>,
    lines: u64,
    /// Lines of blocks that are stored as they are.
    without: u64,
}

/// A template, as it is listed.
#[derive(Debug, Serialize)]
struct Row {
    /// Rank by lines, from 1.
    rank: usize,
    /// What the template is called in any file.
    id: String,
    lines: u64,
    /// Lines in a million.
    share_ppm: u64,
    /// Times of the first block that has it and of the last one: nanoseconds since 1970 without regard to zone. It comes
    /// neither before nor behind.
    seen: Option<(i64, i64)>,
    /// Lines in equal parts of the file.
    profile: Vec<u64>,
    text: String,
    slots: Vec<Slot>,
    /// The text with slots named.
    #[serde(skip)]
    shown: String,
}

/// A slot of a template.
#[derive(Debug, Serialize)]
struct Slot {
    name: Option<String>,
    kind: &'static str,
}

/// Runs `lig templates`.
pub(crate) fn run(
    args: &TemplatesArgs,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Result<ExitCode> {
    if args.diff {
        let [before, after] = args.files.as_slice() else { bail!("--diff takes two files") };
        let [before, after] = [before, after].map(|path| read(path, &args.known, system));
        return diff(args, &before?, &after?, out);
    }
    for path in &args.files {
        let templates = read(path, &args.known, system)?;
        let mut rows = rows(&templates);
        rows.truncate(if args.top == 0 { usize::MAX } else { args.top });
        if args.json {
            rows.iter().try_for_each(|row| out.json(row))?;
            continue;
        }
        let all = templates.all.len();
        let mut text = format!("{}: {} lines, {all} templates\n", name(path), templates.lines);
        if templates.without > 0 {
            let _infallible =
                writeln!(text, "{} lines are stored without templates", templates.without);
        }
        for row in &rows {
            let _infallible = writeln!(
                text,
                "{:>5} {} {:>10} {:>7}  {}  {}{}",
                row.rank,
                row.id,
                row.lines,
                units::percent(row.lines, templates.lines),
                spark(&row.profile),
                if args.times { seen(row) } else { String::new() },
                shorten(&row.shown),
            );
        }
        out.print(&text)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path, known: &KnownModels, system: &dyn FileSystem) -> Result<Templates> {
    read_from(path, known, system).with_context(|| name(path))
}

fn read_from(path: &Path, known: &KnownModels, system: &dyn FileSystem) -> Result<Templates> {
    let readers = known.readers(system)?;
    let mut file = system.open(path)?;
    if is_archive_file(&mut *file)? {
        let mut archive = Archive::from_file(file, &readers)?;
        let blocks = archive.blocks().map(|block| block.time_range).collect();
        return Ok(Templates::of(archive.templates()?, blocks));
    }
    let mut reader = readers.indexed(file)?;
    let blocks = reader.blocks().iter().map(BlockInfo::time_range).collect();
    Ok(Templates::of(reader.templates()?, blocks))
}

impl Templates {
    fn of(found: FileTemplates, blocks: Vec<Option<(i64, i64)>>) -> Self {
        let with: u64 = found.templates.iter().map(|template| template.lines).sum();
        let without = found.lines_without;
        Self { all: found.templates, blocks, lines: with + without, without }
    }
}

/// The templates by lines, most first.
fn rows(templates: &Templates) -> Vec<Row> {
    let row = |(rank, template): (usize, &FileTemplate)| {
        let time = |block: Option<&(usize, u64)>| templates.blocks.get(block?.0).copied().flatten();
        let (first, last) = (time(template.blocks.first()), time(template.blocks.last()));
        let mut profile = vec![0; SPARK_COLUMNS.min(templates.blocks.len())];
        for &(block, lines) in &template.blocks {
            let column = block * profile.len() / templates.blocks.len().max(1);
            if let Some(column) = profile.get_mut(column) {
                *column += lines;
            }
        }
        let slot = |slot: &TemplateSlot| Slot {
            name: slot.name.as_ref().map(|name| String::from_utf8_lossy(name).into_owned()),
            kind: slot.kind,
        };
        Row {
            rank,
            id: template.id.to_string(),
            lines: template.lines,
            share_ppm: share(template.lines, templates.lines),
            seen: first.zip(last).map(|((first, _), (_, last))| (first, last)),
            profile,
            text: String::from_utf8_lossy(&template.text).into_owned(),
            slots: template.slots.iter().map(slot).collect(),
            shown: String::from_utf8_lossy(&template.shown()).into_owned(),
        }
    };
    (1..).zip(&templates.all).map(row).collect()
}

fn share(lines: u64, all: u64) -> u64 {
    u64::try_from(u128::from(lines) * 1_000_000 / u128::from(all.max(1))).unwrap_or(u64::MAX)
}

/// Eighths of a block, the highest for the most lines.
fn spark(profile: &[u64]) -> String {
    let most = profile.iter().copied().max().unwrap_or(0).max(1);
    let bar = |&lines: &u64| match lines {
        0 => ' ',
        lines => {
            let eighth = u32::try_from(u128::from(lines) * 7 / u128::from(most)).unwrap_or(7);
            char::from_u32(0x2581 + eighth).unwrap_or('?')
        }
    };
    profile.iter().map(bar).collect()
}

/// First and last time.
fn seen(row: &Row) -> String {
    let shown = |time| format!("{:<19}", units::time(time));
    row.seen.map_or_else(
        || " ".repeat(42),
        |(first, last)| format!("{}  {}  ", shown(first), shown(last)),
    )
}

fn shorten(text: &str) -> String {
    let shown: String = text.trim_end().chars().take(TEXT_CHARS_MAX).collect();
    let more = if shown.len() < text.trim_end().len() { "…" } else { "" };
    escape(&shown).into_owned() + more
}

/// What two files do not share.
#[derive(Debug, Serialize)]
struct Change {
    /// `new`, `gone`, `more` or `less`.
    what: &'static str,
    lines_before: u64,
    lines_after: u64,
    text: String,
}

fn diff(
    args: &TemplatesArgs,
    before: &Templates,
    after: &Templates,
    out: &mut Output,
) -> Result<ExitCode> {
    if before.without + after.without > 0 {
        let lines = before.without + after.without;
        out.warning(format_args!("{lines} lines are stored without templates and not compared"));
    }
    let by_text = |templates: &'_ Templates| -> HashMap<Vec<u8>, u64> {
        let mut counts = HashMap::new();
        for template in &templates.all {
            *counts.entry(template.text.clone()).or_default() += template.lines;
        }
        counts
    };
    let (of_before, of_after) = (by_text(before), by_text(after));
    let count =
        |counts: &HashMap<Vec<u8>, u64>, text: &[u8]| counts.get(text).copied().unwrap_or(0);
    let mut texts: Vec<&Vec<u8>> = of_before.keys().chain(of_after.keys()).collect();
    texts.sort_unstable();
    texts.dedup();
    let mut changes = Vec::new();
    for text in texts {
        let (old, new) = (count(&of_before, text), count(&of_after, text));
        let (was, is) = (share(old, before.lines), share(new, after.lines));
        let change = match (old, new) {
            (0, 0) => continue,
            (0, _) => "new",
            (_, 0) => "gone",
            _ if old.max(new) < LINES_MIN => continue,
            _ if is > was.saturating_mul(CHANGED) => "more",
            _ if was > is.saturating_mul(CHANGED) => "less",
            _ => continue,
        };
        let text = String::from_utf8_lossy(text).into_owned();
        changes.push(Change { what: change, lines_before: old, lines_after: new, text });
    }
    let order =
        |change: &Change| ["new", "more", "less", "gone"].iter().position(|&c| c == change.what);
    changes.sort_by_key(|change| {
        (order(change), std::cmp::Reverse(change.lines_before.max(change.lines_after)))
    });
    let any_new = changes.iter().any(|change| change.what == "new");
    changes.truncate(if args.top == 0 { usize::MAX } else { args.top });
    let mut text = String::new();
    for change in &changes {
        if args.json {
            out.json(change)?;
            continue;
        }
        let (old, new) = (change.lines_before, change.lines_after);
        let _infallible =
            writeln!(text, "{:<4} {old:>10} -> {new:<10}  {}", change.what, shorten(&change.text));
    }
    out.print(&text)?;
    Ok(if any_new { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
