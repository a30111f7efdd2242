//! Shell patterns over names of bytes.

use std::ffi::OsString;

use lignite::Name;

/// One thing that a pattern asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Byte(u8),
    /// `?`: any byte but a slash.
    Any,
    /// `*`: bytes other than slashes, or nothing.
    Star,
    /// `**`: anything, or nothing.
    Deep,
    /// `[a-z]`, `[!a-z]`.
    Class {
        ranges: Vec<(u8, u8)>,
        negated: bool,
    },
}

/// A pattern: `*`, `?`, `[…]`, `**` across slashes, and a backslash that takes the next byte as it is.
///
/// One with a slash in it is matched with whole names, one without a slash with each component; what is below a match
/// matches.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    tokens: Vec<Token>,
    has_slash: bool,
}

impl Glob {
    /// Takes a pattern apart. Every pattern means something: a bracket that is not closed is a bracket.
    pub(crate) fn new(pattern: &[u8]) -> Self {
        let pattern = pattern.strip_suffix(b"/").unwrap_or(pattern);
        let has_slash = pattern.contains(&b'/');
        let mut rest = pattern.strip_prefix(b"/").unwrap_or(pattern);
        let mut tokens = Vec::new();
        while let Some((&first, after)) = rest.split_first() {
            rest = after;
            tokens.push(match first {
                b'?' => Token::Any,
                b'*' => match rest.strip_prefix(b"*") {
                    Some(after) => {
                        rest = after;
                        Token::Deep
                    }
                    None => Token::Star,
                },
                b'[' => match class(rest) {
                    Some((class, after)) => {
                        rest = after;
                        class
                    }
                    None => Token::Byte(first),
                },
                b'\\' => match rest.split_first() {
                    Some((&escaped, after)) => {
                        rest = after;
                        Token::Byte(escaped)
                    }
                    None => Token::Byte(first),
                },
                _ => Token::Byte(first),
            });
        }
        Self { tokens, has_slash }
    }

    /// Whether a name, or a directory above it, is meant.
    pub(crate) fn matches(&self, name: &[u8]) -> bool {
        if !self.has_slash {
            return name.split(|&byte| byte == b'/').any(|component| self.is_match(component));
        }
        let ends = memchr::memchr_iter(b'/', name).chain([name.len()]);
        let mut prefixes = ends.map(|end| name.get(..end).unwrap_or_default());
        prefixes.any(|prefix| self.is_match(prefix))
    }

    /// Follows all ways through the pattern at once: time is the product of the lengths, whatever the pattern.
    fn is_match(&self, text: &[u8]) -> bool {
        let mut states = vec![false; self.tokens.len() + 1];
        self.reach(&mut states, 0);
        for &byte in text {
            let mut next = vec![false; states.len()];
            for (at, token) in self.tokens.iter().enumerate() {
                if !states.get(at).copied().unwrap_or(false) {
                    continue;
                }
                match token {
                    Token::Deep => self.reach(&mut next, at),
                    Token::Star if byte != b'/' => self.reach(&mut next, at),
                    _ if token.takes(byte) => self.reach(&mut next, at + 1),
                    _ => {}
                }
            }
            states = next;
        }
        states.last().copied().unwrap_or(false)
    }

    /// Marks a state, and those behind stars, which may stand for nothing.
    fn reach(&self, states: &mut [bool], mut at: usize) {
        loop {
            if let Some(state) = states.get_mut(at) {
                *state = true;
            }
            match self.tokens.get(at) {
                Some(Token::Star | Token::Deep) => at += 1,
                _ => return,
            }
        }
    }
}

impl Token {
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Byte(own) => *own == byte,
            Self::Any => byte != b'/',
            Self::Class { ranges, negated } => {
                let inside = ranges.iter().any(|&(low, high)| (low..=high).contains(&byte));
                byte != b'/' && inside != *negated
            }
            Self::Star | Self::Deep => false,
        }
    }
}

/// Reads a class behind its opening bracket.
fn class(rest: &[u8]) -> Option<(Token, &[u8])> {
    let negated = matches!(rest.first(), Some(b'!' | b'^'));
    let body = rest.get(usize::from(negated)..)?;
    // A bracket that comes first is one of the bytes.
    let end = body.iter().skip(1).position(|&byte| byte == b']')? + 1;
    let (mut inner, after) = (body.get(..end)?, body.get(end + 1..)?);
    let mut ranges = Vec::new();
    while let Some((&low, tail)) = inner.split_first() {
        inner = tail;
        match tail {
            [b'-', high, behind @ ..] => {
                ranges.push((low, *high));
                inner = behind;
            }
            _ => ranges.push((low, low)),
        }
    }
    Some((Token::Class { ranges, negated }, after))
}

/// Globs of which one is enough.
#[derive(Clone, Debug, Default)]
pub(crate) struct Globs(Vec<Glob>);

impl Globs {
    pub(crate) fn new(patterns: &[OsString]) -> Self {
        Self(patterns.iter().map(|pattern| Glob::new(pattern.as_encoded_bytes())).collect())
    }

    /// Adds the patterns of a file: one a line, empty ones and those behind a `#` left out.
    pub(crate) fn add_lines(&mut self, text: &[u8]) {
        let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
        self.0.extend(lines.map(Glob::new));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the globs matches; where there is none, none does.
    pub(crate) fn any(&self, name: &Name) -> bool {
        if self.is_empty() {
            return false;
        }
        let name = name.to_vec();
        self.0.iter().any(|glob| glob.matches(&name))
    }

    /// Whether one of the globs matches, or there is none.
    pub(crate) fn selects(&self, name: &Name) -> bool {
        self.is_empty() || self.any(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Glob::new(pattern.as_bytes()).matches(name.as_bytes())
    }

    #[test]
    fn a_pattern_without_a_slash_matches_components() {
        assert!(matches("*.log", "a/b/c.log"));
        assert!(matches("b", "a/b/c.log"));
        assert!(!matches("*.log", "a/b/c.log.1"));
        assert!(!matches("c", "a/b/c.log"));
        assert!(matches("c.lo?", "c.log"));
        assert!(matches("*", "anything"));
    }

    #[test]
    fn a_pattern_with_a_slash_matches_from_the_start_and_below() {
        assert!(matches("a/*.log", "a/x.log"));
        assert!(!matches("a/*.log", "a/b/x.log"));
        assert!(matches("a/**.log", "a/b/x.log"));
        assert!(matches("a/", "a/b/x.log"));
        assert!(matches("/a/b", "a/b/x.log"));
        assert!(!matches("b/x.log", "a/b/x.log"));
        assert!(matches("**/x.log", "a/b/x.log"));
    }

    #[test]
    fn classes_and_escapes() {
        assert!(matches("[a-c]x", "bx"));
        assert!(!matches("[!a-c]x", "bx"));
        assert!(matches("[]]", "]"));
        assert!(matches("[", "["));
        assert!(matches("\\*", "*"));
        assert!(!matches("\\*", "x"));
        assert!(matches("[a-", "[a-"));
    }

    #[test]
    fn no_pattern_takes_long() {
        let pattern = "*a".repeat(50);
        let name = "a".repeat(20_000) + "b";
        assert!(!matches(&pattern, &name));
    }
}
