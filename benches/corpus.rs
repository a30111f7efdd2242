//! Ratio, speed and memory over a corpus beside other tools: runs a referee script, and keeps its table under
//! `docs/benchmarks`. A plain program; without its variables it says what to set, and succeeds.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program talks to people")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

const USAGE: &str = "\
corpus: nothing was run. Set
  LIG_CORPUS_DIR   a directory of logs
  LIG_REFEREE      a Python script: DIR --tools LIST --max-mb N --lig BINARY --tsv FILE
  LIG_TOOLS        optional: the tools to compare (default: gzip-6,zstd-3,zstd-19,xz-9e,lig-3,lig-6)
  LIG_MAX_MB       optional: how much of each log to use (default: 64)";

/// The date of today in UTC as `YYYY-MM-DD`, by Howard Hinnant's `civil_from_days`.
fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", year + era * 400 + carry)
}

/// The `lig` beside the benchmarks: cargo builds it for them and tells its path.
fn lig() -> PathBuf {
    option_env!("CARGO_BIN_EXE_lig").map_or_else(|| PathBuf::from("lig"), PathBuf::from)
}

fn main() -> ExitCode {
    let is_test = env::args().any(|argument| argument == "--test");
    let (Some(corpus), Some(referee)) = (env::var_os("LIG_CORPUS_DIR"), env::var_os("LIG_REFEREE"))
    else {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    };
    if is_test {
        return ExitCode::SUCCESS;
    }
    let tools =
        env::var("LIG_TOOLS").unwrap_or_else(|_| "gzip-6,zstd-3,zstd-19,xz-9e,lig-3,lig-6".into());
    let max_mb = env::var("LIG_MAX_MB").unwrap_or_else(|_| "64".into());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmarks");
    let table = folder.join(format!("{}.tsv", today()));
    let status = Command::new("python3")
        .arg(referee)
        .arg(corpus)
        .args(["--tools", &tools, "--max-mb", &max_mb])
        .arg("--lig")
        .arg(lig())
        .arg("--tsv")
        .arg(&table)
        .status();
    match status {
        Ok(status) if status.success() => {
            println!("corpus: wrote {}", table.display());
            ExitCode::SUCCESS
        }
        Ok(status) => {
            eprintln!("corpus: the referee ended with {status}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("corpus: cannot run python3: {error}");
            ExitCode::FAILURE
        }
    }
}
