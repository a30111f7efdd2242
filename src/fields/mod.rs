//! The fields of a line: what stands behind a name in it (`docs/QUERY.md`, "Fields").
//!
//! Fields are found in the bytes of a line and nowhere else, so that a line has the same ones in whatever file, block or
//! template it stands.

mod json;
mod name;
mod number;
mod pairs;
mod text;

use std::borrow::Cow;
use std::ops::ControlFlow;

pub use name::FieldName;
pub(crate) use number::{Quantity, Unit};

/// The value of a field as it stands in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    raw: &'a [u8],
    /// Backslashes escape what is behind them.
    escaped: bool,
}

impl<'a> Value<'a> {
    fn plain(raw: &'a [u8]) -> Self {
        Self { raw, escaped: false }
    }

    /// What stood between double quotes.
    fn quoted(raw: &'a [u8]) -> Self {
        Self { raw, escaped: memchr::memchr(b'\\', raw).is_some() }
    }

    /// The value, its escapes resolved.
    pub(crate) fn text(&self) -> Cow<'a, [u8]> {
        if self.escaped { Cow::Owned(text::unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

/// What takes the fields of a line, one by one: name and value.
type Visit<'v, 'a> = dyn FnMut(&[u8], Value<'a>) -> ControlFlow<()> + 'v;

/// Visits the fields of a line in their order. A name may come several times.
pub(crate) fn each<'a>(line: &'a [u8], visit: &mut Visit<'_, 'a>) -> ControlFlow<()> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let object = json::find(line);
    let (before, object) = line.split_at(object.unwrap_or(line.len()));
    pairs::each(before, visit)?;
    json::each(object, visit)
}

/// Visits the fields of a line, without its terminator, in their order: name and value. A name may come several times.
///
/// # Example
///
/// ```
/// let mut fields = Vec::new();
/// lignite::each_field(br#"login user=root {"ip":"10.0.0.1"}"#, |name, value| {
///     fields.push((name.to_vec(), value.to_vec()));
/// });
/// assert_eq!(fields, [(b"user".to_vec(), b"root".to_vec()), (b"ip".to_vec(), b"10.0.0.1".to_vec())]);
/// ```
pub fn each_field(line: &[u8], mut visit: impl FnMut(&[u8], &[u8])) {
    let _whole = each(line, &mut |name, value| {
        visit(name, &value.text());
        ControlFlow::Continue(())
    });
}

/// Whether a field of this name has a value that passes.
pub(crate) fn any(line: &[u8], name: &[u8], test: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    if !may_have(line, name) {
        return false;
    }
    let found = each(line, &mut |found, value| {
        if found == name && test(&value.text()) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    found.is_break()
}

/// The first value of a field.
pub(crate) fn first<'a>(line: &'a [u8], name: &[u8]) -> Option<Cow<'a, [u8]>> {
    if !may_have(line, name) {
        return None;
    }
    let mut first = None;
    let _broken = each(line, &mut |found, value| {
        if found != name {
            return ControlFlow::Continue(());
        }
        first = Some(value.text());
        ControlFlow::Break(())
    });
    first
}

/// The name at the end of a text that says what comes behind it: `user=`, `user: `, `"user":"`.
pub(crate) fn name_before(text: &[u8]) -> Option<&[u8]> {
    let open = text.strip_suffix(b"\"").or_else(|| text.strip_suffix(b"'")).unwrap_or(text);
    if let Some(before) = open.strip_suffix(b"=") {
        return pairs::name_of(before);
    }
    let trimmed = open.trim_ascii_end();
    let before = trimmed.strip_suffix(b":")?.trim_ascii_end();
    match before.strip_suffix(b"\"") {
        Some(quoted) => quoted.get(memchr::memrchr(b'"', quoted)? + 1..).filter(|n| !n.is_empty()),
        None if trimmed.len() < open.len() => pairs::name_of(before),
        None => None,
    }
}

/// The word of this number, from 1, of those that blanks part.
pub(crate) fn word(line: &[u8], number: u32) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let words = line.split(|byte| matches!(byte, b' ' | b'\t'));
    words.filter(|word| !word.is_empty()).nth(number.checked_sub(1)? as usize)
}

/// The last name of a path: it stands in a line that has the field, unless letters of it are escaped there.
pub(crate) fn last_name(name: &[u8]) -> &[u8] {
    name.rsplit(|&byte| byte == b'.').next().unwrap_or(name)
}

/// Whether a line may have a field. False is certain.
fn may_have(line: &[u8], name: &[u8]) -> bool {
    let last = last_name(name);
    // The elements of a list are numbered, and their numbers are not written.
    let is_written = !last.is_empty() && !last.iter().all(u8::is_ascii_digit);
    !is_written
        || memchr::memmem::find(line, last).is_some()
        || memchr::memchr(b'\\', line).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All fields of a line as text.
    fn all(line: &str) -> Vec<String> {
        let mut found = Vec::new();
        let flow = each(line.as_bytes(), &mut |name, value| {
            let text = [name, b"=", &value.text()].concat();
            found.push(String::from_utf8(text).unwrap());
            ControlFlow::Continue(())
        });
        assert!(flow.is_continue());
        found
    }

    #[test]
    fn pairs_of_text() {
        let line = "sshd[1]: auth failure; logname= uid=0 tty=ssh ruser= rhost=10.0.0.1  user=root";
        assert_eq!(
            all(line),
            ["logname=", "uid=0", "tty=ssh", "ruser=", "rhost=10.0.0.1", "user=root"]
        );
        assert_eq!(all("src: /10.1:50 dest: /10.2 size 7"), ["src=/10.1:50", "dest=/10.2"]);
        assert_eq!(all("T{id=5, name='a b', at=[x=1]}."), ["id=5", "name=a b", "x=1"]);
        assert_eq!(all(r#"a="x \"y\" z" b.c-d=2, e==3 3f=4"#), [r#"a=x "y" z"#, "b.c-d=2"]);
        assert_eq!(
            all("took=5ms. GET /x?a=1&b=2 u=http://h/?c=3"),
            ["took=5ms", "a=1", "b=2", "u=http://h/?c=3"]
        );
        assert_eq!(all("http://x ERROR: code=5 a: b: c"), ["code=5", "b=c"]);
        assert_eq!(all(r#"x="never closed y=1 z="2""#), ["x=never closed y=1 z="]);
        assert_eq!(all(r#"y=1 x="never closed z=2"#), ["y=1", "z=2"]);
        assert!(all("").is_empty() && all("=").is_empty() && all("a=(").is_empty());
        assert_eq!(all("a=1\r"), ["a=1"]);
    }

    #[test]
    fn paths_of_json() {
        assert_eq!(
            all(r#"{"a":1,"b":{"c":"x\ty","d":[true,{"e":null}]}, "f" : -1.50e3 }"#),
            ["a=1", "b.c=x\ty", "b.d.0=true", "b.d.1.e=null", "f=-1.50e3"]
        );
        assert_eq!(
            all(r#"u=1 level=x {"a":"b=c \u00e9\ud83d\ude00"}  "#),
            ["u=1", "level=x", "a=b=c é😀"]
        );
        // What is no whole object is text.
        assert_eq!(all(r#"{"a":1} tail x=1"#), ["x=1"]);
        assert_eq!(all("{a=1}"), ["a=1"]);
        assert_eq!(all(r#"{"a":01}"#), Vec::<String>::new());
        let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        assert!(all(&deep).is_empty());
    }

    #[test]
    fn names_stand_before_values() {
        for (text, name) in [
            ("login user=", Some("user")),
            ("login user=\"", Some("user")),
            ("src: ", Some("src")),
            ("{\"a b\":\"", Some("a b")),
            ("{\"a\" : ", Some("a")),
            ("10:", None),
            ("at ", None),
            ("", None),
            ("x:", None),
            ("3=", None),
        ] {
            assert_eq!(name_before(text.as_bytes()), name.map(str::as_bytes), "{text}");
        }
    }

    #[test]
    fn single_fields() {
        let line = br#"user=a {"user":"b","x":{"user":"c"},"l\u0061st":2,"n":[7]}"#;
        assert_eq!(first(line, b"user").as_deref(), Some(&b"a"[..]));
        assert!(any(line, b"user", &mut |value| value == b"b"));
        assert!(!any(line, b"user", &mut |value| value == b"c"));
        assert!(any(line, b"x.user", &mut |value| value == b"c"));
        assert_eq!(first(line, b"last").as_deref(), Some(&b"2"[..]));
        assert_eq!(first(line, b"n.0").as_deref(), Some(&b"7"[..]));
        assert_eq!(first(line, b"use"), None);
        assert_eq!(word(b"  a \t b\r", 2), Some(&b"b"[..]));
        assert_eq!((word(b"a", 2), word(b"a", 0)), (None, None));
    }

    #[test]
    fn long_lines_take_time_in_proportion() {
        for piece in ["a=", "a=\"", "a: ", "{\"a\":", "a='", "\\\"", "{", "{\"a\":{}}", "a=a: b="] {
            let line = piece.repeat((8 << 20) / piece.len());
            let mut found = 0u64;
            let _ended = each(line.as_bytes(), &mut |_, _| {
                found += 1;
                ControlFlow::Continue(())
            });
            assert!(found <= line.len() as u64);
            let closed = line + "}";
            let _ended = each(closed.as_bytes(), &mut |_, _| ControlFlow::Continue(()));
        }
    }
}
