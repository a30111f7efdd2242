//! `lig top`: the most frequent values of a field.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use lignite::vfs::FileSystem;

use super::grep::conditions;
use super::query::{self, QueryArgs};
use crate::models::KnownModels;
use crate::output::Output;

/// Counts the values of a field, and prints the most frequent ones.
#[derive(Clone, Debug, Parser)]
#[command(name = "top", bin_name = "lig top", args_override_self = true, after_help = AFTER_HELP)]
pub(crate) struct TopArgs {
    /// Files, - is standard input; the last word is the field
    #[arg(value_name = "FILE... FIELD", required = true)]
    words: Vec<String>,

    /// Values to print
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    top: u64,

    /// Count only lines that meet a condition, as lig query has them
    #[arg(long = "where", value_name = "CONDITION", allow_hyphen_values = true)]
    condition: Option<String>,

    /// The zone in which the log prints its times, such as +02:00
    #[arg(long, value_name = "ZONE", default_value = "UTC", allow_hyphen_values = true)]
    tz: String,

    /// One JSON object for each value
    #[arg(long)]
    json: bool,

    /// Say on standard error what was looked at
    #[arg(long)]
    stats: bool,

    #[command(flatten)]
    known: KnownModels,
}

const AFTER_HELP: &str = "\
Fields are those of lig query: a name in the lines, level, template, file, _1 (the first word), a.b.c (a path of JSON).
Lines without the field count as an empty value. Values of level are counted by statistics where they tell enough.

Exit codes: 0 some line was counted; 1 none was; 2 something failed.";

/// Runs `lig top`.
pub(crate) fn run(args: &TopArgs, system: &dyn FileSystem, out: &mut Output) -> Result<ExitCode> {
    let Some((field, files)) = args.words.split_last() else { bail!("a field is missing") };
    if field.contains('"') {
        bail!("the name of a field has no quotes");
    }
    let zone = conditions::parse_zone(&args.tz).map_err(anyhow::Error::msg)?;
    let condition = args.condition.as_deref().unwrap_or("*");
    if let Err(code) = query::parse_condition(condition, &conditions::clock(zone), out) {
        return Ok(code);
    }
    let condition = if condition.trim().is_empty() { "*" } else { condition };
    let text = format!("{condition} | top {} by (\"{}\")", args.top, field.replace('\\', "\\\\"));
    let mut words = vec!["query".to_owned(), format!("--tz={}", args.tz)];
    words.extend(args.json.then(|| "--json".to_owned()));
    words.extend(args.stats.then(|| "--stats".to_owned()));
    words.push("--".into());
    words.push(text);
    words.extend_from_slice(files);
    let mut query = QueryArgs::parse_from(words);
    query.known.clone_from(&args.known);
    query::run(&query, system, out)
}
