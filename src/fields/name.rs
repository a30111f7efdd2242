//! What a field is called in a query.

use std::fmt;

/// A field of a line, by what it is called in a query.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldName {
    /// `_msg`: the line itself.
    Message,
    /// `_time`: the time of the line.
    Time,
    /// `level`: how grave the line says it is.
    Level,
    /// `file`: what it was read from.
    File,
    /// `template`: what the line has in common with others of its block.
    Template,
    /// `line`: its number.
    Line,
    /// `_1`, `_2`, …: one of the words that blanks part.
    Word(u32),
    /// Anything else: what stands behind that name in the line. A dot before it asks for the line's own field where
    /// the name would mean one of the others.
    Own(Vec<u8>),
}

impl FieldName {
    /// The field that a name means.
    pub fn from_name(name: &str) -> Self {
        if let Some(own) = name.strip_prefix('.') {
            return Self::Own(own.as_bytes().to_vec());
        }
        let word = || {
            let digits = name.strip_prefix('_')?;
            let number: u32 = digits.parse().ok().filter(|&number| number > 0)?;
            (number.to_string() == digits).then_some(Self::Word(number))
        };
        match name {
            "_msg" => Self::Message,
            "_time" => Self::Time,
            "level" => Self::Level,
            "file" => Self::File,
            "template" => Self::Template,
            "line" => Self::Line,
            _ => word().unwrap_or_else(|| Self::Own(name.as_bytes().to_vec())),
        }
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message => f.write_str("_msg"),
            Self::Time => f.write_str("_time"),
            Self::Level => f.write_str("level"),
            Self::File => f.write_str("file"),
            Self::Template => f.write_str("template"),
            Self::Line => f.write_str("line"),
            Self::Word(number) => write!(f, "_{number}"),
            Self::Own(name) => {
                let name = String::from_utf8_lossy(name);
                let is_taken = !matches!(Self::from_name(&name), Self::Own(_));
                write!(f, "{}{name}", if is_taken { "." } else { "" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_shown() {
        for name in ["_msg", "_time", "level", "file", "template", "line", "_7", "user", ".line"] {
            assert_eq!(FieldName::from_name(name).to_string(), name);
        }
        assert_eq!(FieldName::from_name(".user"), FieldName::from_name("user"));
        for own in ["_0", "_01", "_x", "_", "_99999999999"] {
            assert!(matches!(FieldName::from_name(own), FieldName::Own(_)), "{own}");
        }
    }
}
