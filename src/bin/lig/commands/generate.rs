//! `lig --generate`: the man page and the completion scripts.

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::{FilterArgs, Generate, InfoArgs};
use crate::output::Output;

pub(crate) fn run(what: Generate, out: &mut Output) -> Result<ExitCode> {
    let mut command = FilterArgs::command().subcommand(InfoArgs::command());
    let mut text = Vec::new();
    let shell = match what {
        Generate::Man => {
            clap_mangen::Man::new(command).render(&mut text)?;
            // The page of the command follows, so that one file holds all.
            let info = InfoArgs::command().name("lig-info");
            clap_mangen::Man::new(info).render(&mut text)?;
            out.print(&String::from_utf8_lossy(&text))?;
            return Ok(ExitCode::SUCCESS);
        }
        Generate::CompleteBash => Shell::Bash,
        Generate::CompleteZsh => Shell::Zsh,
        Generate::CompleteFish => Shell::Fish,
        Generate::CompletePowershell => Shell::PowerShell,
    };
    clap_complete::generate(shell, &mut command, "lig", &mut text);
    out.print(&String::from_utf8_lossy(&text))?;
    Ok(ExitCode::SUCCESS)
}
