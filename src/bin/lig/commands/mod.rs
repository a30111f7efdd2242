//! The commands, one a file.

mod compress;
mod decompress;
mod generate;
mod info;
mod list;

use anyhow::bail;

use crate::args::Args;
use crate::console::Console;
use crate::input::Input;
use crate::signals;

/// Runs what was asked for. An error is about the whole command; what is about one input has been said.
pub(crate) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    if let Some(what) = args.generate {
        return generate::run(what);
    }
    signals::install();
    let inputs = Input::all(args, console);
    if let (Some(output), true) = (&args.output, inputs.len() > 1)
        && !output.is_dir()
        && !output.as_os_str().as_encoded_bytes().ends_with(b"/")
    {
        bail!("several files go to a directory: -o DIR/");
    }
    if args.list {
        list::header(args)?;
    }
    for input in &inputs {
        if !console.goes_on() {
            break;
        }
        let result = if args.info {
            info::run(args, input)
        } else if args.list {
            list::run(args, input)
        } else if args.test || args.decompress {
            decompress::run(args, input, console)
        } else {
            compress::run(args, input, console)
        };
        match result {
            Ok(Ending::Whole) => console.done(),
            Ok(Ending::Partly) => console.partly(),
            Err(err) => console.fail(input.path(), &err),
        }
    }
    Ok(())
}

/// How an input ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All of it.
    Whole,
    /// Something was lost or left unfinished, and that has been said.
    Partly,
}
