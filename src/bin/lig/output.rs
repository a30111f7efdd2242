//! What people and programs read: messages on standard error, text and JSON lines on standard output.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;

/// Where messages and reports go, and how many of them are wanted.
#[derive(Debug)]
pub(crate) struct Output {
    quiet: u8,
    verbose: u8,
    progress_shown: bool,
    messages: Messages,
}

/// Where messages go.
#[derive(Debug)]
enum Messages {
    Stderr,
    #[cfg(test)]
    Kept(String),
}

impl Output {
    pub(crate) fn new(quiet: u8, verbose: u8) -> Self {
        Self { quiet, verbose, progress_shown: false, messages: Messages::Stderr }
    }

    /// An output that keeps its messages.
    #[cfg(test)]
    pub(crate) fn keeping() -> Self {
        Self { messages: Messages::Kept(String::new()), ..Self::new(0, 0) }
    }

    /// The messages so far.
    #[cfg(test)]
    pub(crate) fn messages(&self) -> &str {
        match &self.messages {
            Messages::Stderr => "",
            Messages::Kept(text) => text,
        }
    }

    /// Writes text to standard output.
    pub(crate) fn print(&mut self, text: &str) -> Result<()> {
        self.end_progress();
        #[cfg(test)]
        if matches!(self.messages, Messages::Kept(_)) {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()?;
        Ok(())
    }

    /// Writes bytes to standard output, whatever they are.
    pub(crate) fn print_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.end_progress();
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()?;
        Ok(())
    }

    /// Writes one value as a line of JSON to standard output.
    pub(crate) fn json(&mut self, value: &impl serde::Serialize) -> Result<()> {
        self.print(&(serde_json::to_string(value)? + "\n"))
    }

    /// Says that something failed. `-qq` silences it.
    pub(crate) fn error(&mut self, message: impl Display) {
        if self.quiet < 2 {
            self.line(message);
        }
    }

    /// Says that something is not as it should be. `-q` silences it.
    pub(crate) fn warning(&mut self, message: impl Display) {
        if self.quiet < 1 {
            self.line(message);
        }
    }

    /// Says what was done. Only `-v` asks for it.
    pub(crate) fn summary(&mut self, message: impl Display) {
        if self.verbose > 0 && self.quiet == 0 {
            self.end_progress();
            self.say(&format!("{message}\n"));
        }
    }

    /// Whether problems may be shown at all.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet > 0
    }

    /// Replaces the line of progress.
    pub(crate) fn progress(&mut self, line: &str) {
        self.progress_shown = true;
        self.say(&format!("\r\x1b[K{line}"));
    }

    /// Writes a line that was asked for by a signal or a question.
    pub(crate) fn plain(&mut self, text: &str) {
        self.end_progress();
        self.say(text);
    }

    /// Takes the line of progress away.
    pub(crate) fn end_progress(&mut self) {
        if std::mem::take(&mut self.progress_shown) {
            self.say("\r\x1b[K");
        }
    }

    /// Nothing can be said where standard error is gone, and nothing hangs on it.
    fn say(&mut self, text: &str) {
        match &mut self.messages {
            Messages::Stderr => drop(io::stderr().lock().write_all(text.as_bytes())),
            #[cfg(test)]
            Messages::Kept(kept) => kept.push_str(text),
        }
    }

    fn line(&mut self, message: impl Display) {
        self.end_progress();
        self.say(&format!("lig: {message}\n"));
    }
}

/// A path for a message: nothing in it can move the cursor or reorder the line.
pub(crate) fn name(path: &Path) -> String {
    escape(&path.to_string_lossy()).into_owned()
}

/// Text for a terminal: control characters and marks that change its direction are written out.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| {
        // Names are long where trees are deep: what is usual comes first.
        if matches!(c, ' '..='~' | '\u{fffd}') {
            return true;
        }
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_plain(c) {
            escaped.push(c);
        } else {
            let _infallible = write!(escaped, "{}", c.escape_default());
        }
    }
    Cow::Owned(escaped)
}

/// An error on one line, in plain words.
pub(crate) fn describe(err: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in err.chain() {
        let part = match cause.downcast_ref::<io::Error>() {
            Some(err) => match plain(err) {
                Some(words) => words.to_owned(),
                None => err.to_string(),
            },
            None => cause.to_string(),
        };
        // An `io::Error` shows what it wraps, and comes again as its own cause.
        if parts.last() != Some(&part) && part != "input/output error" {
            parts.push(part);
        }
    }
    escape(&parts.join(": ")).into_owned()
}

fn plain(err: &io::Error) -> Option<&'static str> {
    err.raw_os_error()?;
    Some(match err.kind() {
        io::ErrorKind::NotFound => "no such file",
        io::ErrorKind::AlreadyExists => "exists",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::StorageFull => "no space left",
        io::ErrorKind::QuotaExceeded => "quota exceeded",
        io::ErrorKind::FileTooLarge => "file size limit reached",
        io::ErrorKind::IsADirectory => "is a directory",
        io::ErrorKind::NotADirectory => "not a directory",
        io::ErrorKind::ReadOnlyFilesystem => "read-only file system",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_drive_the_terminal() {
        assert_eq!(escape("a\x1b[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(escape("naïve.log"), "naïve.log");
        assert_eq!(escape("\u{202e}gol"), "\\u{202e}gol");
    }
}
