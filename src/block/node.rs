//! The tags of column nodes (`docs/FORMAT.md`, "Column nodes").

/// How a column of text values is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// All values are one.
    Constant,
    /// Values ended by newlines.
    Text,
    /// Numbers in digits.
    Digits,
    /// Printed times.
    Time,
    /// Distinct values and the number of each.
    Dictionary,
    /// Templates with columns of their own.
    Nested,
    /// The value of another column, but for some.
    Same,
    /// What was there when another column had its value last time, but for some.
    ByKey,
    /// Values of one length and of few symbols, which take few bits each.
    Packed,
    /// Coded by a model with all others of the block; stands in no tree.
    Modelled,
}

impl Node {
    pub(crate) fn tag(self) -> u8 {
        match self {
            Self::Constant => 0,
            Self::Text => 1,
            Self::Digits => 2,
            Self::Time => 3,
            Self::Dictionary => 4,
            Self::Nested => 5,
            Self::Same => 6,
            Self::ByKey => 7,
            Self::Packed => 8,
            Self::Modelled => 0xff,
        }
    }

    /// The encoding's name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Text => "text",
            Self::Digits => "digits",
            Self::Time => "time",
            Self::Dictionary => "dictionary",
            Self::Nested => "nested",
            Self::Same => "same",
            Self::ByKey => "by key",
            Self::Packed => "packed",
            Self::Modelled => "model",
        }
    }

    /// What the values are, for people.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Text
            | Self::Dictionary
            | Self::Nested
            | Self::Same
            | Self::ByKey
            | Self::Packed
            | Self::Modelled => "text",
            Self::Digits => "number",
            Self::Time => "time",
        }
    }

    pub(crate) fn from_tag(tag: u8) -> Option<Self> {
        Some(match tag {
            0 => Self::Constant,
            1 => Self::Text,
            2 => Self::Digits,
            3 => Self::Time,
            4 => Self::Dictionary,
            5 => Self::Nested,
            6 => Self::Same,
            7 => Self::ByKey,
            8 => Self::Packed,
            _ => return None,
        })
    }
}

/// Nested columns deeper than this are refused.
pub(crate) const DEPTH_MAX: u32 = 8;
/// Layouts of one time column.
pub(crate) const LAYOUTS_MAX: usize = 16;

/// The group that a small stream joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Text.
    Text,
    /// Planes of integers.
    Numbers,
    /// Packed text, which hardly compresses.
    Packed,
}

impl Class {
    /// Number of classes.
    pub(crate) const COUNT: usize = 3;

    pub(crate) fn index(self) -> usize {
        match self {
            Self::Text => 0,
            Self::Numbers => 1,
            Self::Packed => 2,
        }
    }
}

/// A block of at most so many raw bytes is small: it can afford time.
pub(crate) const SMALL_BLOCK: usize = 1 << 18;
/// A stream of at least this many bytes is a section of its own.
pub(crate) const STREAM_LARGE: usize = 1 << 16;
/// So is the stream of the ids of a block's lines from this length on.
pub(crate) const IDS_LARGE: usize = 1 << 12;
/// A group of at least this many bytes takes no more streams.
pub(crate) const GROUP_LARGE: usize = 1 << 20;
