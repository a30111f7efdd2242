//! `lig verify`: whether an archive is whole.

use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use lignite::vfs::{FileInfo, FileSystem};
use lignite::{Archive, Container, Depth, Member, MemberLoss, MemberState, Name, Subset};
use serde::Serialize;

use super::walk::{Filter, show, walk};
use super::{hex, open, output_name};
use crate::archive_args::VerifyArgs;
use crate::commands::{Outcome, Tally, exit_code};
use crate::foreign::Foreign;
use crate::output::{Output, name};
use crate::units;

/// What was found, for programs.
#[derive(Debug, Serialize)]
struct Report {
    name: String,
    blocks: usize,
    blocks_checked: u64,
    members: usize,
    members_compared: u64,
    commits: u64,
    hole_bytes: u64,
    root: String,
    faults: Vec<String>,
    losses: Vec<Loss>,
}

/// A part of a member that is missing.
#[derive(Debug, Serialize)]
pub(super) struct Loss {
    name: String,
    first_line: u64,
    lines: u64,
    first_byte: u64,
    bytes: u64,
}

impl From<&MemberLoss> for Loss {
    fn from(loss: &MemberLoss) -> Self {
        let &MemberLoss { first_line, lines, first_byte, bytes, .. } = loss;
        let name = loss.name.to_string();
        Self { name, first_line, lines, first_byte, bytes }
    }
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { first_line, lines, first_byte, bytes, .. } = self;
        let last = first_line + lines.saturating_sub(1);
        write!(
            f,
            "{}: lines {first_line}-{last} are missing ({bytes} bytes from byte {first_byte} on)",
            crate::output::escape(&self.name)
        )
    }
}

pub(crate) fn run(
    args: &VerifyArgs,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Result<ExitCode> {
    let subset = args.subset.as_deref().map_or_else(|| Ok(Subset::default()), subset)?;
    let mut tally = Tally::default();
    let mut archive = open((&args.archive, &args.known.readers(system)?), system, &mut tally, out)?;
    let depth = if args.deep { Depth::Decoded } else { Depth::Stored };
    let verified = archive.verify(depth, subset).with_context(|| name(&args.archive))?;
    let report = Report {
        name: name(&args.archive),
        blocks: archive.blocks().len(),
        blocks_checked: verified.blocks,
        members: archive.members().len(),
        members_compared: verified.members,
        commits: archive.commits(),
        hole_bytes: verified.hole_bytes,
        root: hex(&archive.root()),
        faults: verified.faults.iter().map(|fault| fault.error.to_string()).collect(),
        losses: verified.losses.iter().map(Loss::from).collect(),
    };
    for fault in &report.faults {
        out.error(format_args!("{}: {fault}", report.name));
    }
    for loss in &report.losses {
        out.error(format_args!("{}: {loss}", report.name));
    }
    let all_lost = verified.blocks > 0
        && verified.faults.iter().filter(|fault| fault.block.is_some()).count() as u64
            == verified.blocks;
    tally.add(match (report.faults.is_empty(), all_lost) {
        (true, _) => Outcome::Done,
        (false, true) => Outcome::Failed,
        (false, false) => Outcome::Partial,
    });
    if args.json {
        out.json(&report)?;
    } else {
        out.summary(format_args!(
            "{}: {} of {} blocks, {} members in {} commits, {} in holes, root {}",
            report.name,
            report.blocks_checked,
            report.blocks,
            report.members,
            report.commits,
            units::bytes(report.hole_bytes),
            report.root
        ));
    }
    if let Some(dir) = &args.against
        && against(&archive, dir, system, out)? > 0
    {
        return Ok(ExitCode::FAILURE);
    }
    Ok(exit_code(tally.outcome()))
}

/// Compares the members with the files below a directory. Returns how many differ; what else is there
/// does not matter.
fn against(
    archive: &Archive,
    dir: &Path,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Result<u64> {
    let filter = Filter { archive: None::<FileInfo>, ..Filter::default() };
    let walked = walk(&[Path::new(".").to_owned()], Some(dir), &filter, system, out);
    let mut differences = walked.failed;
    let live: Vec<&Member> = archive
        .members()
        .iter()
        .filter(|member| member.state == MemberState::Live && !member.is_dir)
        .collect();
    let place = |name: &Name| {
        let at = walked.found.binary_search_by(|found| found.name.cmp(name)).ok()?;
        walked.found.get(at).filter(|found| !found.is_dir())
    };
    for member in &live {
        let found = place(&member.name).or_else(|| place(&output_name(member)));
        let differs = match found {
            None => Some("is not there"),
            Some(found) => {
                let mut file = found.open(system).with_context(|| show(&found.name))?;
                let is_stored = found.name == member.name && member.container != Container::None;
                let hash = hash(&mut file, is_stored).with_context(|| show(&found.name))?;
                (hash != member.hash).then_some("has another content")
            }
        };
        if let Some(differs) = differs {
            out.error(format_args!("{}: {differs}", show(&member.name)));
            differences += 1;
        }
    }
    Ok(differences)
}

/// BLAKE3 of what a file holds, or of what it decodes to.
fn hash(file: &mut dyn Read, decode: bool) -> io::Result<[u8; 32]> {
    let mut prefix = Vec::new();
    Read::take(&mut *file, 6).read_to_end(&mut prefix)?;
    let foreign = if decode { Foreign::detect(&prefix) } else { Foreign::Other };
    let mut content = foreign.decode(io::Cursor::new(prefix).chain(file))?;
    lignite::content_hash(&mut content)
}

/// `N/T`, or `P%`: then the part is another one every day.
fn subset(text: &str) -> Result<Subset> {
    let mut subset = Subset::default();
    if let Some((n, of)) = text.split_once('/') {
        (subset.n, subset.of) = (n.parse().unwrap_or(0), of.parse().unwrap_or(0));
        if subset.n >= 1 && subset.n <= subset.of {
            subset.n -= 1;
            return Ok(subset);
        }
    } else if let Some(percent) = text.strip_suffix('%')
        && let Ok(percent @ 1..=100) = percent.parse::<u64>()
    {
        let days = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 86_400;
        subset.of = 100 / percent;
        subset.n = days % subset.of;
        return Ok(subset);
    }
    bail!("--subset takes N/T, such as 1/7, or a percentage, such as 10%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subset_is_a_part_or_a_percentage() {
        assert_eq!(subset("1/1").unwrap(), Subset::default());
        let part = subset("2/7").unwrap();
        assert_eq!((part.n, part.of), (1, 7));
        let part = subset("10%").unwrap();
        assert!(part.of == 10 && part.n < 10);
        for bad in ["0/7", "8/7", "1/0", "x", "0%", "101%", "", "/"] {
            assert!(subset(bad).is_err(), "{bad}");
        }
    }
}
