//! Where in a JSON document a slot stands: the keys and list entries that lead to it.
//!
//! Rows of one program leave keys out and put others in. The text before a slot differs then; its path does not.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Objects and lists nested deeper are taken to be at this depth.
const DEPTH_MAX: usize = 32;
/// Entries of a list from this one on are one place.
const ENTRIES_MAX: u64 = 16;

/// A place in a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// A hash of the keys and the numbers of list entries that lead there.
    pub(crate) exact: u64,
    /// The same without the numbers of entries: what entries of one list share.
    pub(crate) kin: u64,
}

impl Place {
    fn below(self, key: &[u8]) -> Self {
        let hash = |seed| xxh3_64_with_seed(key, seed);
        Self { exact: hash(self.exact), kin: hash(self.kin) }
    }

    fn entry(self, number: u64) -> Self {
        Self { exact: xxh3_64_with_seed(&number.to_le_bytes(), self.exact), ..self }
    }
}

/// Follows the constant text of a template, and knows the path behind what it has seen.
#[derive(Debug, Default)]
pub(crate) struct Path {
    /// The place of each object and list that is open, and the number of the list's entry.
    open: Vec<(Place, Option<u64>)>,
    /// The place of the value that comes next.
    here: Place,
    /// Whether a slot stood in a string that has not been closed.
    in_string: bool,
}

impl Path {
    /// Takes the text between two slots. Returns the place of the value behind it, if that is in a document.
    pub(crate) fn follow(&mut self, text: &[u8]) -> Option<Place> {
        let mut at = 0;
        if self.in_string {
            let Some(end) = string_end(text, 0) else {
                // One more slot in a string is another place.
                self.here = self.here.below(&[]);
                return self.place();
            };
            at = end + 1;
            self.in_string = false;
        }
        while let Some(&byte) = text.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    let Some(end) = string_end(text, at) else {
                        self.in_string = true;
                        break;
                    };
                    if text.get(end + 1) == Some(&b':') {
                        let outer = self.open.last().map(|open| open.0).unwrap_or_default();
                        self.here = outer.below(text.get(at..end).unwrap_or_default());
                    }
                    at = end + 1;
                }
                b'{' if self.opens(text, at) => self.open.push((self.here, None)),
                b'[' if !self.open.is_empty() && self.open.len() < DEPTH_MAX => {
                    self.open.push((self.here, Some(0)));
                    self.here = self.here.entry(0);
                }
                b'}' | b']' => self.here = self.open.pop().unwrap_or_default().0,
                b',' => {
                    if let Some((place, Some(number))) = self.open.last_mut() {
                        *number = ENTRIES_MAX.min(*number + 1);
                        self.here = place.entry(*number);
                    }
                }
                _ => {}
            }
        }
        self.place()
    }

    /// Whether a brace before byte `at` opens an object. Around documents braces and brackets mean nothing.
    fn opens(&self, text: &[u8], at: usize) -> bool {
        let is_inside = !self.open.is_empty() && self.open.len() < DEPTH_MAX;
        is_inside || (self.open.is_empty() && text.get(at) == Some(&b'"'))
    }

    fn place(&self) -> Option<Place> {
        let is_inside = !self.open.is_empty() && self.here != Place::default();
        is_inside.then_some(self.here)
    }
}

/// Where the quote is that ends the string which `text` is in at `start`.
fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(found) == Some(&b'"') {
            return Some(found);
        }
        at = found + 2;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The places of the slots of a template, in which `~` is a slot.
    fn places(template: &str) -> Vec<Option<Place>> {
        let mut path = Path::default();
        let mut places: Vec<_> =
            template.split('~').map(|text| path.follow(text.as_bytes())).collect();
        places.pop();
        places
    }

    #[test]
    fn keys_make_the_path_and_what_comes_between_does_not() {
        let all = places(r#"{"a":~,"b":{"a":"~","c\"":[~]},"d":~}"#);
        assert_eq!(places(r#"{"x":1,"a":~}"#), all[..1]);
        let other = places(r#"{"b":{"x":{},"c\"":[~],"a":~},"d":~}"#);
        assert_eq!(other, [all[2], all[1], all[3]]);
        let different: HashSet<_> = all.iter().map(|place| place.unwrap().exact).collect();
        assert_eq!(different.len(), 4);
    }

    #[test]
    fn entries_of_a_list_are_kin() {
        let all = places(r#"{"a":[{"b":~},{"c":1,"b":~}],"b":~}"#);
        let [first, second, other] = [0, 1, 2].map(|slot| all[slot].unwrap());
        assert!(first.exact != second.exact && first.kin == second.kin && first.kin != other.kin);
    }

    #[test]
    fn slots_of_one_string_are_different_places() {
        let all = places(r#"{"a":"~.~.~","b":"~"}"#);
        assert!(all[0] != all[1] && all[1] != all[2]);
        assert_eq!(places(r#"{"b":"~"}"#), all[3..]);
    }

    #[test]
    fn text_outside_of_documents_has_no_places() {
        assert_eq!(places(r#""a":"~", user=~ ~"#), [None; 3]);
        assert_eq!(places(r#"}]}~ [~] {~ {"~"=>~"#), [None; 5]);
    }

    #[test]
    fn any_depth_is_followed() {
        let deep = format!("{}~{}~", r#"{"a":"#.repeat(100), "}".repeat(100));
        assert!(places(&deep)[0].is_some());
    }
}
