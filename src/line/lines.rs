//! Raw bytes → lines.

/// The lines of `raw` without their terminators; a last line may lack its own.
pub(crate) fn lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let mut ends = memchr::memchr_iter(b'\n', raw);
    std::iter::from_fn(move || {
        if start >= raw.len() {
            return None;
        }
        let end = ends.next().unwrap_or(raw.len());
        let line = raw.get(start..end);
        start = end + 1;
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminator_ends_a_line_and_starts_none() {
        let cut = |raw: &'static [u8]| lines(raw).collect::<Vec<_>>();
        assert_eq!(cut(b"a\n\nb\n"), [&b"a"[..], b"", b"b"]);
        assert_eq!(cut(b"a\nb"), [&b"a"[..], b"b"]);
        assert_eq!(cut(b"\n"), [&b""[..]]);
        assert!(cut(b"").is_empty());
    }
}
