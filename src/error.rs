//! The one error type of the crate.
//!
//! A kind says who can do something about it: the environment (`Io`), whoever made the file (`BadMagic`, `Truncated`,
//! `Corrupt`, `ChecksumMismatch`), whoever set a limit (`LimitExceeded`), the caller (`InvalidArgument`), or a newer
//! release (`UnsupportedVersion`, `UnsupportedFeature`).

use std::fmt;
use std::io;

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, and where. One word wide.
pub struct Error(Box<ErrorKind>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

/// The part of a file that an error is about (headings of `docs/FORMAT.md`).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The file header.
    FileHeader,
    /// A block header with its directory and statistics.
    BlockHeader,
    /// The template table of a block.
    Templates,
    /// A column, or a group of columns, of a block.
    Columns,
    /// The raw bytes that a block decodes to.
    RawBytes,
    /// An index segment.
    Index,
    /// A commit.
    Commit,
    /// The list of the members that a block of an archive holds parts of.
    Extents,
    /// The member table of an archive.
    Members,
    /// The model frame of a stream, or a model file.
    Model,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FileHeader => "file header",
            Self::BlockHeader => "block header",
            Self::Templates => "template table",
            Self::Columns => "columns",
            Self::RawBytes => "raw bytes",
            Self::Index => "index",
            Self::Commit => "commit",
            Self::Extents => "extents",
            Self::Members => "member table",
            Self::Model => "model",
        })
    }
}

/// The kinds of [`Error`].
#[non_exhaustive]
#[derive(Debug)]
pub enum ErrorKind {
    /// The operating system refused to read or write.
    Io(io::Error),
    /// The bytes do not start as a `.lig` does.
    BadMagic {
        /// The first bytes found.
        found: [u8; 4],
    },
    /// The file was written in a version of the format that this build does not read: a newer one, or one from before
    /// version 1 other than its own.
    UnsupportedVersion {
        /// The version in the file: 256 times the major version, plus the minor one.
        found: u16,
        /// The newest version this build reads, in the same way.
        newest: u16,
    },
    /// The file needs something this build does not have. A newer `lig` may read it.
    UnsupportedFeature {
        /// The name or number of the feature.
        feature: String,
    },
    /// The file needs a model that is not registered with this reader.
    UnsupportedModel {
        /// The model's id in the file's header.
        model: u32,
        /// The hash of the model's parameters there; 0 for built-in models.
        parameters: u64,
    },
    /// The file was written with a model file that it does not hold, and that this reader does not have.
    MissingModelFile {
        /// The model file's hash.
        hash: u64,
    },
    /// The input is an archive, where a stream is wanted.
    IsArchive,
    /// The input is a stream, where an archive is wanted.
    IsStream,
    /// Another process is writing to the archive.
    Locked,
    /// The input ended early.
    Truncated {
        /// What was being read.
        section: Section,
        /// The byte offset in the input at which it ended.
        offset: u64,
    },
    /// The input breaks a rule of the format.
    Corrupt {
        /// What was being read.
        section: Section,
        /// The byte offset in the input, or in the section where it has been decoded.
        offset: u64,
        /// The rule of `docs/FORMAT.md` that is broken.
        rule: &'static str,
    },
    /// A checksum differs from what was stored.
    ChecksumMismatch {
        /// What was being read.
        section: Section,
        /// The byte offset in the input.
        offset: u64,
        /// The checksum in the file.
        stored: u64,
        /// The checksum of the bytes.
        computed: u64,
    },
    /// The input asks for more than [`Limits`](crate::Limits) allow.
    LimitExceeded {
        /// The limit's name.
        limit: &'static str,
        /// What the input asks for.
        requested: u64,
        /// What is allowed.
        allowed: u64,
    },
    /// The caller asked for something that cannot be.
    InvalidArgument {
        /// What is wrong with it.
        what: String,
    },
}

impl Error {
    /// An error of the kind.
    #[cold]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// Whether the operating system refused to read or write.
    pub fn is_io(&self) -> bool {
        matches!(*self.0, ErrorKind::Io(_))
    }

    /// Whether the input is damaged, cut short, or not a `.lig` at all.
    pub fn is_bad_input(&self) -> bool {
        matches!(
            *self.0,
            ErrorKind::BadMagic { .. }
                | ErrorKind::Truncated { .. }
                | ErrorKind::Corrupt { .. }
                | ErrorKind::ChecksumMismatch { .. }
        )
    }

    /// Whether what was read may be whole, but this program lacks what it takes to read it.
    pub(crate) fn is_unsupported(&self) -> bool {
        matches!(*self.0, ErrorKind::UnsupportedModel { .. } | ErrorKind::MissingModelFile { .. })
    }

    #[cold]
    pub(crate) fn corrupt(section: Section, offset: u64, rule: &'static str) -> Self {
        Self::new(ErrorKind::Corrupt { section, offset, rule })
    }

    #[cold]
    pub(crate) fn truncated(section: Section, offset: u64) -> Self {
        Self::new(ErrorKind::Truncated { section, offset })
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            ErrorKind::Io(_) => f.write_str("input/output error"),
            ErrorKind::BadMagic { .. } => f.write_str("not a lignite file"),
            ErrorKind::UnsupportedVersion { found, newest } => {
                let ([found_minor, found], [minor, newest]) =
                    (found.to_le_bytes(), newest.to_le_bytes());
                write!(
                    f,
                    "written in format version {found}.{found_minor}, this build reads {newest}.{minor}"
                )
            }
            ErrorKind::UnsupportedFeature { feature } => {
                write!(f, "needs a feature this build does not have: {feature}")
            }
            ErrorKind::UnsupportedModel { model, parameters } => {
                write!(f, "needs model {model}")?;
                if *parameters != 0 {
                    write!(f, " with parameters {parameters:016x}")?;
                }
                f.write_str(", which this program does not have")
            }
            ErrorKind::MissingModelFile { hash } => {
                write!(f, "needs the model file {hash:016x}, which is not given (--model)")
            }
            ErrorKind::IsArchive => {
                f.write_str("is an archive (lig ls, lig cat and lig extract read it)")
            }
            ErrorKind::IsStream => {
                f.write_str("is a compressed log, not an archive (lig -d reads it)")
            }
            ErrorKind::Locked => f.write_str("locked: another process is writing to it"),
            ErrorKind::Truncated { section, offset } => {
                write!(f, "truncated in the {section} at byte {offset}")
            }
            ErrorKind::Corrupt { section, offset, rule } => {
                write!(f, "damaged {section} at byte {offset}: broken rule \"{rule}\"")
            }
            ErrorKind::ChecksumMismatch { section, offset, .. } => {
                write!(f, "damaged {section} at byte {offset}: checksum differs")
            }
            ErrorKind::LimitExceeded { limit, requested, allowed } => {
                write!(f, "needs {limit} of {requested}, allowed are {allowed}")
            }
            ErrorKind::InvalidArgument { what } => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            ErrorKind::Io(err) => Some(err),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(err: io::Error) -> Self {
        // An error of ours that crossed an `io` trait comes back as itself.
        match err.downcast::<Self>() {
            Ok(own) => own,
            Err(err) => Self::new(ErrorKind::Io(err)),
        }
    }
}

impl From<Error> for io::Error {
    fn from(err: Error) -> Self {
        match *err.0 {
            ErrorKind::Io(err) => err,
            ErrorKind::Truncated { .. } => Self::new(io::ErrorKind::UnexpectedEof, err),
            ErrorKind::InvalidArgument { .. } => Self::new(io::ErrorKind::InvalidInput, err),
            _ => Self::new(io::ErrorKind::InvalidData, err),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_way_through_io() {
        let err = Error::truncated(Section::BlockHeader, 17);
        let through: Error = io::Error::from(err).into();
        assert!(matches!(through.kind(), ErrorKind::Truncated { offset: 17, .. }));
    }

    #[test]
    fn an_io_error_keeps_its_kind() {
        let err: Error = io::Error::from(io::ErrorKind::StorageFull).into();
        assert!(err.is_io());
        assert_eq!(io::Error::from(err).kind(), io::ErrorKind::StorageFull);
    }
}
