//! `lig --generate`: man page and completions.

use std::io::{self, Write as _};

use clap_complete::Shell;

use crate::args::{Generate, command};

/// Writes what was asked for to standard output.
pub(crate) fn run(what: Generate) -> anyhow::Result<()> {
    let mut command = command();
    let mut dst = Vec::new();
    let shell = match what {
        Generate::Man => None,
        Generate::CompleteBash => Some(Shell::Bash),
        Generate::CompleteZsh => Some(Shell::Zsh),
        Generate::CompleteFish => Some(Shell::Fish),
        Generate::CompletePowershell => Some(Shell::PowerShell),
        Generate::CompleteElvish => Some(Shell::Elvish),
    };
    match shell {
        None => clap_mangen::Man::new(command).render(&mut dst)?,
        Some(shell) => clap_complete::generate(shell, &mut command, "lig", &mut dst),
    }
    io::stdout().lock().write_all(&dst)?;
    Ok(())
}
