//! `lig ls`: the members of an archive.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use lignite::vfs::FileSystem;
use lignite::{ArchiveBlock, Member, MemberState, Name, ReaderBuilder};
use serde::Serialize;

use super::glob::Globs;
use super::walk::show;
use super::{container_name, hex, none_found, open};
use crate::archive_args::LsArgs;
use crate::commands::{Outcome, Tally, exit_code};
use crate::output::Output;
use crate::units;

/// A member, for programs.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    /// The bytes of the name in hexadecimal, if it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    name_hex: Option<String>,
    past_names: Vec<String>,
    #[serde(flatten)]
    facts: Facts,
}

/// What there is to say of a member but for its names, which may be long.
#[derive(Debug, Serialize)]
struct Facts {
    kind: &'static str,
    mode: u32,
    mtime_ns: i64,
    size: u64,
    lines: u64,
    /// Its share of the blocks it is in.
    stored_bytes: u64,
    /// The most that one of its blocks has.
    templates: u64,
    /// First and last printed time, in seconds since 1970 without regard to zone.
    time_range: Option<(i64, i64)>,
    /// What its file was compressed with.
    container: Option<&'static str>,
    source_bytes: u64,
    blake3: Option<String>,
    /// Another file has its name now.
    older: bool,
    /// Parts of it were lost before it came into this archive.
    incomplete: bool,
}

pub(crate) fn run(args: &LsArgs, system: &dyn FileSystem, out: &mut Output) -> Result<ExitCode> {
    let mut tally = Tally::default();
    let archive = open((&args.archive, &ReaderBuilder::new()), system, &mut tally, out)?;
    let globs = Globs::new(&args.globs);
    let members = archive.members().iter();
    let members: Vec<&Member> = members.filter(|member| globs.selects(&member.name)).collect();
    if none_found(&globs, &members, out) {
        return Ok(ExitCode::FAILURE);
    }
    let blocks: Vec<ArchiveBlock> = archive.blocks().collect();
    // Many names are too much to hold all of what is said of them.
    let mut text = Vec::new();
    if args.long {
        text.extend_from_slice(heading().as_bytes());
    }
    for member in members {
        if args.null {
            member.name.append_to(&mut text);
            text.push(0);
        } else if args.json {
            serde_json::to_writer(&mut text, &row(member, &blocks))?;
            text.push(b'\n');
        } else if args.long {
            text.extend_from_slice(line(&facts(member, &blocks), member).as_bytes());
        } else if member.state == MemberState::Live {
            let slash = if member.is_dir { "/" } else { "" };
            writeln!(text, "{}{slash}", show(&member.name))?;
        }
        if text.len() > PRINTED_BYTES {
            out.print_bytes(&text)?;
            text.clear();
        }
    }
    out.print_bytes(&text)?;
    tally.add(Outcome::Done);
    Ok(exit_code(tally.outcome()))
}

/// Bytes that are printed at a time.
const PRINTED_BYTES: usize = 64 << 10;

fn row(member: &Member, blocks: &[ArchiveBlock]) -> Row {
    let name = member.name.to_vec();
    Row {
        name_hex: std::str::from_utf8(&name).is_err().then(|| hex(&name)),
        name: String::from_utf8(name)
            .unwrap_or_else(|err| String::from_utf8_lossy(err.as_bytes()).into_owned()),
        past_names: member.past_names.iter().map(Name::to_string).collect(),
        facts: facts(member, blocks),
    }
}

fn facts(member: &Member, blocks: &[ArchiveBlock]) -> Facts {
    let mut facts = Facts {
        kind: if member.is_dir { "directory" } else { "file" },
        mode: member.mode,
        mtime_ns: member.mtime_ns,
        size: member.size,
        lines: member.lines,
        stored_bytes: 0,
        templates: 0,
        time_range: member.times,
        container: container_name(member.container),
        source_bytes: member.source_len,
        blake3: (!member.is_dir).then(|| hex(&member.hash)),
        older: member.state == MemberState::Older,
        incomplete: member.incomplete,
    };
    for extent in &member.extents {
        let Some(block) = usize::try_from(extent.block).ok().and_then(|at| blocks.get(at)) else {
            continue;
        };
        let share = u128::from(block.stored_bytes) * u128::from(extent.len);
        let share = share / u128::from(block.raw_bytes.max(1));
        facts.stored_bytes += u64::try_from(share).unwrap_or(0);
        facts.templates = facts.templates.max(block.templates);
    }
    facts
}

fn heading() -> String {
    format!(
        "{:<10} {:>10} {:>10} {:>7} {:>10} {:>9}  {:<19}  {:<41}  {}\n",
        "mode", "size", "stored", "ratio", "lines", "templates", "changed", "time span", "name"
    )
}

fn line(row: &Facts, member: &Member) -> String {
    let span = row.time_range.map_or_else(
        || "-".to_owned(),
        |(first, last)| {
            let time = |seconds: i64| units::time(seconds.saturating_mul(1_000_000_000));
            format!("{} - {}", time(first), time(last))
        },
    );
    let text = format!(
        "{} {:>10} {:>10} {:>7} {:>10} {:>9}  {}  {span:<41}  {}",
        mode(row),
        units::bytes(row.size),
        units::bytes(row.stored_bytes),
        if row.size == 0 { "-".to_owned() } else { units::ratio(row.size, row.stored_bytes) },
        row.lines,
        row.templates,
        units::time(row.mtime_ns),
        show(&member.name),
    );
    let mut notes = Vec::new();
    notes.extend(row.container.map(str::to_owned));
    notes.extend(member.past_names.iter().rev().take(1).map(|past| format!("was {}", show(past))));
    notes.extend(row.older.then(|| "older".to_owned()));
    notes.extend(row.incomplete.then(|| "incomplete".to_owned()));
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    text + &notes + "\n"
}

fn mode(row: &Facts) -> String {
    let mut text = String::from(if row.kind == "directory" { "d" } else { "-" });
    for (bit, letter) in (0..9).rev().zip("rwxrwxrwx".chars()) {
        text.push(if row.mode >> bit & 1 == 1 { letter } else { '-' });
    }
    text
}
