//! The commands, and what they share: the way through all inputs, and the exit code.

pub(crate) mod archive;
mod compress;
mod decompress;
#[cfg(test)]
mod faults;
mod follow;
mod generate;
pub(crate) mod grep;
pub(crate) mod hist;
pub(crate) mod info;
mod list;
mod pass;
mod plan;
pub(crate) mod query;
mod remove;
mod search;
pub(crate) mod templates;
pub(crate) mod top;
pub(crate) mod train;

use std::error::Error as StdError;
use std::io;
use std::process::ExitCode;

use anyhow::{Result, bail};
use lignite::ErrorKind;
use lignite::vfs::{FileInfo, FileSystem};

use crate::args::FilterArgs;
use crate::dest::{self, Dest, Place};
use crate::input::{self, Input};
use crate::output::{Output, describe};
use crate::signal::{Interrupted, Signals};

use self::plan::Plan;

/// What came of one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it was delivered, or there was nothing to do.
    Done,
    /// Some of it was delivered.
    Partial,
    /// Nothing was delivered.
    Failed,
}

/// What a command works with.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    pub(crate) args: &'a FilterArgs,
    pub(crate) system: &'a dyn FileSystem,
    pub(crate) out: &'a mut Output,
    pub(crate) signals: Signals,
    /// The one output of several inputs, while none of them is at work.
    shared: Option<Dest<'a>>,
    is_shared: bool,
    is_open: bool,
}

/// Runs what the flags ask for.
pub(crate) fn run(
    args: &FilterArgs,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Result<ExitCode> {
    run_under(Signals::install(system)?, args, system, out)
}

/// The exit code of a command; says what it failed of.
pub(crate) fn conclude(result: Result<ExitCode>, out: &mut Output) -> ExitCode {
    out.end_progress();
    result.unwrap_or_else(|err| {
        let code = ending(&err);
        if code.is_none() {
            out.error(describe(&err));
        }
        code.unwrap_or(ExitCode::FAILURE)
    })
}

/// The same for a search, where 1 says that nothing was found, and 2 that something failed.
pub(crate) fn conclude_search(result: Result<ExitCode>, out: &mut Output) -> ExitCode {
    match result {
        Err(err) if ending(&err).is_none() => {
            out.error(describe(&err));
            ExitCode::from(2)
        }
        result => conclude(result, out),
    }
}

fn run_under(
    signals: Signals,
    args: &FilterArgs,
    system: &dyn FileSystem,
    out: &mut Output,
) -> Result<ExitCode> {
    if let Some(what) = args.generate {
        return generate::run(what, out);
    }
    if args.list {
        return list::run(args, system, out);
    }
    let mut inputs = input::collect(args, system, out)?;
    let one_output = args.output.as_deref().is_some_and(|output| !dest::is_dir(output, system));
    let mut session = Session {
        is_shared: one_output && inputs.len() > 1,
        args,
        system,
        out,
        signals,
        shared: None,
        is_open: false,
    };
    let plan = if args.decompress || args.test { None } else { Some(Plan::new(args, system)?) };
    let code = each(&mut inputs, &mut session, |input, session| match &plan {
        Some(plan) => compress::one(input, plan, session),
        None => decompress::one(input, session),
    })?;
    if let Some(dest) = session.shared.take()
        && code != Some(Outcome::Failed)
    {
        dest.commit()?;
    }
    Ok(exit_code(code))
}

/// Does the work on each input; one that fails does not keep the others from theirs.
fn each(
    inputs: &mut Vec<Result<Input, String>>,
    session: &mut Session<'_>,
    mut work: impl FnMut(&Input, &mut Session<'_>) -> Result<Outcome>,
) -> Result<Option<Outcome>> {
    let mut worst_and_best = Tally::default();
    for input in inputs.drain(..) {
        let input = match input {
            Ok(input) => input,
            Err(message) => {
                session.out.error(message);
                worst_and_best.add(Outcome::Failed);
                continue;
            }
        };
        let outcome = work(&input, session).or_else(|err| {
            if ending(&err).is_some() {
                return Err(err);
            }
            session.out.error(format_args!("{}: {}", input.name(), describe(&err)));
            if session.is_torn() {
                bail!("the output of all inputs was given up");
            }
            Ok(Outcome::Failed)
        })?;
        worst_and_best.add(outcome);
    }
    Ok(worst_and_best.outcome())
}

/// The outcomes of several inputs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    delivered: bool,
    missed: bool,
}

impl Tally {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.delivered |= outcome != Outcome::Failed;
        self.missed |= outcome != Outcome::Done;
    }

    /// The outcome of all of them; `None` where there was none.
    pub(crate) fn outcome(self) -> Option<Outcome> {
        match (self.delivered, self.missed) {
            (false, false) => None,
            (true, false) => Some(Outcome::Done),
            (true, true) => Some(Outcome::Partial),
            (false, true) => Some(Outcome::Failed),
        }
    }
}

/// The exit code of an outcome.
pub(crate) fn exit_code(outcome: Option<Outcome>) -> ExitCode {
    match outcome {
        None | Some(Outcome::Done) => ExitCode::SUCCESS,
        Some(Outcome::Partial) => ExitCode::from(3),
        Some(Outcome::Failed) => ExitCode::FAILURE,
    }
}

impl<'a> Session<'a> {
    /// Opens the output of an input, or takes the one of all inputs.
    pub(crate) fn open(&mut self, place: &Place, input: &FileInfo) -> Result<Dest<'a>> {
        if let Some(shared) = self.shared.take() {
            return Ok(shared);
        }
        let like = if self.is_shared { None } else { Some(input) };
        let dest = Dest::open(place, input, like, self.args, self.system, self.out)?;
        self.is_open = true;
        Ok(dest)
    }

    /// Makes an output final, unless there is more to come.
    pub(crate) fn close(&mut self, dest: Dest<'a>) -> Result<()> {
        if self.is_shared {
            self.shared = Some(dest);
            return Ok(());
        }
        dest.commit()
    }

    /// Whether the output of all inputs was lost with an input that failed half-way.
    fn is_torn(&self) -> bool {
        self.is_shared && self.is_open && self.shared.is_none()
    }

    /// Ends the work if a signal asks for it.
    pub(crate) fn check_signals(&self) -> Result<(), Interrupted> {
        self.signals.ending().map_or(Ok(()), Err)
    }
}

/// The exit code of an error that ends everything in silence: a signal, or a reader that has gone.
pub(crate) fn ending(err: &anyhow::Error) -> Option<ExitCode> {
    err.chain().find_map(ending_cause)
}

fn ending_cause(cause: &(dyn StdError + 'static)) -> Option<ExitCode> {
    if let Some(signal) = cause.downcast_ref::<Interrupted>() {
        return Some(ExitCode::from(128 + signal.number));
    }
    if let Some(err) = cause.downcast_ref::<io::Error>() {
        if err.kind() == io::ErrorKind::BrokenPipe {
            return Some(ExitCode::from(141));
        }
        return err.get_ref().and_then(|inner| ending_cause(inner));
    }
    match cause.downcast_ref::<lignite::Error>()?.kind() {
        ErrorKind::Io(err) => ending_cause(err),
        _ => None,
    }
}
