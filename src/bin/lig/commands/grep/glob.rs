//! Names with `*`, `?` and `[…]`.

/// Whether a name matches a glob.
pub(crate) fn matches(glob: &[u8], name: &[u8]) -> bool {
    let (mut at, mut pos) = (0, 0);
    // Where the last star was, and how far the name was then: the only place to come back to.
    let mut star = None;
    while pos < name.len() {
        match step(glob, at, name.get(pos).copied().unwrap_or(0)) {
            Step::Star => {
                star = Some((at, pos));
                at += 1;
            }
            Step::To(next) => {
                at = next;
                pos += 1;
            }
            Step::No => match &mut star {
                Some((back, from)) => {
                    *from += 1;
                    at = *back + 1;
                    pos = *from;
                }
                None => return false,
            },
        }
    }
    glob.get(at..).unwrap_or_default().iter().all(|&byte| byte == b'*')
}

enum Step {
    Star,
    /// The byte matches; the glob goes on there.
    To(usize),
    No,
}

fn step(glob: &[u8], at: usize, byte: u8) -> Step {
    match glob.get(at..).unwrap_or_default() {
        [b'*', ..] => Step::Star,
        [b'?', ..] => Step::To(at + 1),
        [b'\\', escaped, ..] if *escaped == byte => Step::To(at + 2),
        [b'[', rest @ ..] => match class(rest, byte) {
            Some((len, true)) => Step::To(at + 1 + len),
            None if byte == b'[' => Step::To(at + 1),
            Some((_, false)) | None => Step::No,
        },
        [own, ..] if *own == byte && byte != b'\\' => Step::To(at + 1),
        _ => Step::No,
    }
}

/// The length of a class behind its bracket, and whether it holds a byte. `None`: the bracket is not closed.
fn class(rest: &[u8], byte: u8) -> Option<(usize, bool)> {
    let negated = matches!(rest.first(), Some(b'!' | b'^'));
    let mut at = usize::from(negated);
    let first = at;
    let mut found = false;
    loop {
        let low = *rest.get(at)?;
        if low == b']' && at > first {
            return Some((at + 1, found != negated));
        }
        match rest.get(at + 1..at + 3) {
            Some(&[b'-', high]) if high != b']' => {
                found |= (low..=high).contains(&byte);
                at += 3;
            }
            _ => {
                found |= low == byte;
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn globs() {
        for (glob, name, expected) in [
            ("*.log", "a.log", true),
            ("*.log", "a.log.1", false),
            ("*.log*", "a.log.1", true),
            ("a?c", "abc", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]", "]", true),
            ("[", "[", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("*a*b*c", "xaxbxbxc", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(glob.as_bytes(), name.as_bytes()), expected, "{glob} {name}");
        }
    }
}
