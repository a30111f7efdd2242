//! What a template is called: the same in every block and file that has it.

use std::fmt;

use crate::wire::checksum;

/// Names a template by its text. Two templates have the same name with a chance of one in 2⁶⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId(u64);

impl TemplateId {
    /// The name that is shown so, as far as it is shown.
    pub(crate) fn from_shown(text: &[u8]) -> Option<Self> {
        let digits = std::str::from_utf8(text.strip_prefix(b"t")?).ok()?;
        let value = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 8)?;
        Some(Self(u64::from(value) << 32))
    }

    /// The name of the template with these constant pieces, between which its slots are.
    pub(crate) fn of<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut text = Vec::new();
        for piece in pieces {
            text.extend_from_slice(&(piece.len() as u64).to_le_bytes());
            text.extend_from_slice(piece);
        }
        Self(checksum::payload(&text))
    }
}

impl fmt::Display for TemplateId {
    /// Its first eight hexadecimal digits behind a `t`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{:08x}", self.0 >> 32)
    }
}

/// Names templates as people do: by the first digits of the name, or by rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateRef {
    /// Those of which the name starts with so many hexadecimal digits, which stand at the top of a number.
    Digits(u64, u32),
    /// That which is the n-th by number of lines in the file, from 1. It has to be looked up before it selects anything.
    Rank(u64),
}

impl TemplateRef {
    /// Reads `t3fa2c901`, `t3fa2`, or a rank.
    pub fn from_name(text: &str) -> Option<Self> {
        if let Some(digits) = text.strip_prefix('t') {
            let count =
                u32::try_from(digits.len()).ok().filter(|count| (1..=16).contains(count))?;
            let value =
                u64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
            return Some(Self::Digits(value << (64 - 4 * count), count));
        }
        text.parse().ok().filter(|&rank| rank > 0).map(Self::Rank)
    }

    /// Whether it names a template.
    pub(crate) fn names(self, id: TemplateId) -> bool {
        match self {
            Self::Digits(value, count) => (value ^ id.0) >> (64 - 4 * count) == 0,
            Self::Rank(_) => false,
        }
    }

    /// The same, where `ranks` are the templates of a file by rank.
    pub(crate) fn resolved(self, ranks: &[TemplateId]) -> Option<Self> {
        match self {
            Self::Digits(..) => Some(self),
            Self::Rank(rank) => {
                let id = ranks.get(usize::try_from(rank).ok()?.checked_sub(1)?)?;
                Some(Self::Digits(id.0, 16))
            }
        }
    }
}

/// The templates of the lines of a block.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowTemplates {
    /// Of each line: the place of its template in `names`.
    pub(crate) ids: Vec<u32>,
    pub(crate) names: Vec<TemplateId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_its_start_name_it() {
        let id = TemplateId::of([&b"a"[..], b"b"].into_iter());
        assert_ne!(id, TemplateId::of([&b"ab"[..]].into_iter()));
        let name = id.to_string();
        for len in 2..=name.len() {
            assert!(TemplateRef::from_name(&name[..len]).unwrap().names(id));
        }
        let other = TemplateRef::from_name(&format!("t{:08x}", (id.0 >> 32) ^ 1)).unwrap();
        assert!(!other.names(id));
        let rank = TemplateRef::from_name("1").unwrap();
        assert!(!rank.names(id) && rank.resolved(&[id]).unwrap().names(id));
        assert_eq!(rank.resolved(&[]), None);
        for bad in ["", "t", "0", "x1", "t+1", "tg", "t01234567890123456"] {
            assert_eq!(TemplateRef::from_name(bad), None, "{bad}");
        }
    }
}
