//! The `lig` command: parse, run, exit code.

mod args;
mod commands;
mod console;
mod foreign;
mod input;
mod output;
mod progress;
mod signals;
mod units;

use std::process::ExitCode;

use crate::console::Console;

fn main() -> ExitCode {
    match args::parse() {
        Ok(args) => {
            let mut console = Console::new(args.quiet, args.verbose);
            if let Err(err) = commands::run(&args, &mut console) {
                console.fail(None, &err);
            }
            ExitCode::from(console.exit_code())
        }
        Err(code) => ExitCode::from(code),
    }
}
