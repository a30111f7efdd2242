//! Names: components with a slash between them, each component kept once however many names lie below it.

mod fault;

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// A name in a tree, such as that of an archive's member. Bytes, in no encoding.
///
/// Any bytes are a name; [`fault`](Self::fault) says which cannot be given to a file. A thousand names below one directory
/// have its name between them, if they were made by [`child`](Self::child). Names are ordered as
/// their bytes are.
///
/// # Example
///
/// ```
/// let dir = lignite::Name::from("var/log");
/// let name = dir.child(b"app.log");
/// assert_eq!(name, lignite::Name::from("var/log/app.log"));
/// assert_eq!((name.to_vec(), name.own()), (b"var/log/app.log".to_vec(), &b"app.log"[..]));
/// assert_eq!(name.parent(), Some(&dir));
/// ```
#[derive(Clone)]
pub struct Name(Arc<Node>);

/// What a name is told apart by: a BLAKE3 of its components. Two names have one if they are one.
pub(crate) type NameId = [u8; 32];

struct Node {
    parent: Option<Name>,
    /// An ancestor far up: ways up take few steps by it. (Myers, "An applicative random-access stack", 1983.)
    jump: Option<Name>,
    own: Box<[u8]>,
    depth: usize,
    len: usize,
    id: NameId,
}

/// Memory that a component takes beside its bytes, about.
pub(crate) const NODE_BYTES: u64 = 96;

impl Name {
    /// A name of one component, which has no slash in it.
    fn top(own: &[u8]) -> Self {
        let id = *blake3::hash(&[&[0; 32], own].concat()).as_bytes();
        let (own, len) = (own.into(), own.len());
        Self(Arc::new(Node { parent: None, jump: None, own, depth: 0, len, id }))
    }

    /// The name of what lies below this one. What has slashes in it is several components.
    #[must_use]
    pub fn child(&self, below: &[u8]) -> Self {
        below.split(|&byte| byte == b'/').fold(self.clone(), |name, own| name.step(own))
    }

    fn step(&self, own: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0.id).update(own);
        let gap = |name: &Self| name.0.depth - name.jump().map_or(0, |jump| jump.0.depth);
        // Two ways up of one length are one way of twice that.
        let jump = match self.jump() {
            Some(jump) if gap(self) == gap(jump) => jump.jump().unwrap_or(jump),
            _ => self,
        };
        Self(Arc::new(Node {
            parent: Some(self.clone()),
            jump: Some(jump.clone()),
            own: own.into(),
            depth: self.0.depth + 1,
            len: self.0.len + 1 + own.len(),
            id: *hasher.finalize().as_bytes(),
        }))
    }

    fn jump(&self) -> Option<&Self> {
        self.0.jump.as_ref()
    }

    /// The name of something beside this one.
    #[must_use]
    pub fn sibling(&self, own: &[u8]) -> Self {
        self.parent().map_or_else(|| Self::from(own), |parent| parent.child(own))
    }

    /// The last component.
    pub fn own(&self) -> &[u8] {
        &self.0.own
    }

    /// What stands before the last slash.
    pub fn parent(&self) -> Option<&Self> {
        self.0.parent.as_ref()
    }

    /// Its bytes, slashes included.
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// Slashes in it.
    pub fn depth(&self) -> usize {
        self.0.depth
    }

    /// The name as bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.append_to(&mut bytes);
        bytes
    }

    /// Appends the name as bytes.
    pub fn append_to(&self, dst: &mut Vec<u8>) {
        let start = dst.len();
        dst.resize(start + self.len(), b'/');
        for name in self.ways_up() {
            let end = start + name.len();
            if let Some(place) = dst.get_mut(end - name.own().len()..end) {
                place.copy_from_slice(name.own());
            }
        }
    }

    /// This name, and the names above it up to the first component.
    pub fn ways_up(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |name| name.parent())
    }

    /// The name above this one, or itself, that has so many slashes in it; `None` if this one has fewer.
    pub fn ancestor(&self, depth: usize) -> Option<&Self> {
        let mut name = self;
        while name.0.depth > depth {
            let jump = name.jump().filter(|jump| jump.0.depth >= depth);
            name = jump.or_else(|| name.parent())?;
        }
        (name.0.depth == depth).then_some(name)
    }

    /// Whether this is `above`, or lies below it. Everything lies below the empty name.
    pub fn is_below(&self, above: &Self) -> bool {
        above.is_empty() || self.ancestor(above.0.depth) == Some(above)
    }

    /// The components below the first `skipped` ones.
    pub fn components(&self, skipped: usize) -> Vec<&[u8]> {
        let count = (self.0.depth + 1).saturating_sub(skipped);
        let mut components: Vec<&[u8]> = self.ways_up().take(count).map(Self::own).collect();
        components.reverse();
        components
    }

    /// First components that two names have in common.
    pub fn common(&self, other: &Self) -> usize {
        let depth = self.0.depth.min(other.0.depth);
        match (self.ancestor(depth), other.ancestor(depth)) {
            (Some(a), Some(b)) if a == b => depth + 1,
            (Some(a), Some(b)) => a.parting(b).0.0.depth,
            _ => 0,
        }
    }

    /// Of two different names of one depth, the names above them or themselves where they part.
    fn parting<'a>(&'a self, other: &'a Self) -> (&'a Self, &'a Self) {
        let (mut a, mut b) = (self, other);
        while let (Some(above_a), Some(above_b)) = (a.parent(), b.parent()) {
            if above_a == above_b {
                break;
            }
            (a, b) = match (a.jump(), b.jump()) {
                (Some(a), Some(b)) if a != b => (a, b),
                _ => (above_a, above_b),
            };
        }
        (a, b)
    }

    /// What is wrong with the name, if something is: what no file can be called, or what leads out of a directory.
    pub fn fault(&self) -> Option<&'static str> {
        if self.is_empty() {
            return Some("it is empty");
        }
        self.ways_up().find_map(|name| fault::component_fault(name.own()))
    }

    pub(crate) fn id(&self) -> &NameId {
        &self.0.id
    }
}

impl From<&[u8]> for Name {
    fn from(bytes: &[u8]) -> Self {
        match memchr::memchr(b'/', bytes) {
            Some(at) => {
                let (top, below) = bytes.split_at(at);
                Self::top(top).child(below.get(1..).unwrap_or_default())
            }
            None => Self::top(bytes),
        }
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl Default for Name {
    fn default() -> Self {
        Self::top(b"")
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Name {}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        let depth = self.0.depth.min(other.0.depth);
        let (Some(a), Some(b)) = (self.ancestor(depth), other.ancestor(depth)) else {
            return self.0.depth.cmp(&other.0.depth);
        };
        if a == b {
            return self.0.depth.cmp(&other.0.depth);
        }
        let (a, b) = a.parting(b);
        // A slash follows, or nothing does.
        let rest = |name: &Self, whole: &Self| (whole.0.depth > name.0.depth).then_some(b'/');
        let (rest_a, rest_b) = (rest(a, self), rest(b, other));
        a.own().iter().chain(&rest_a).cmp(b.own().iter().chain(&rest_b))
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Name {
    /// As text: what is not UTF-8 is replaced.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_vec()))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.to_vec().escape_ascii())
    }
}

impl Drop for Node {
    /// Without recursion: names may be deep.
    fn drop(&mut self) {
        // It is above the parent, and so not the last to go.
        self.jump = None;
        let mut next = self.parent.take();
        while let Some(mut node) = next.and_then(|Name(node)| Arc::into_inner(node)) {
            node.jump = None;
            next = node.parent.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(bytes: &[u8]) -> Name {
        Name::from(bytes)
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_name_and_names_are_ordered_like_bytes(
            a in "[a./\u{1}-\u{3}]{0,40}", b in "[a./\u{1}-\u{3}]{0,40}", shared in "[a/]{0,40}"
        ) {
            let (a, b) = (shared.clone() + &a, shared + &b);
            let (one, two) = (name(a.as_bytes()), name(b.as_bytes()));
            prop_assert_eq!(one.to_vec(), a.as_bytes());
            prop_assert_eq!(one.len(), a.len());
            prop_assert_eq!(one.cmp(&two), a.as_bytes().cmp(b.as_bytes()));
            prop_assert_eq!(one == two, a == b);
            let (left, right): (Vec<_>, Vec<_>) = (a.split('/').collect(), b.split('/').collect());
            let common = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
            prop_assert_eq!(one.common(&two), common);
            prop_assert_eq!(one.depth() + 1, left.len());
            prop_assert!(one.components(0).into_iter().eq(left.iter().map(|own| own.as_bytes())));
            for depth in 0..left.len() {
                let above = name(left[..=depth].join("/").as_bytes());
                prop_assert_eq!(one.ancestor(depth), Some(&above));
                prop_assert!(one.is_below(&above));
            }
            prop_assert_eq!(one.ancestor(left.len()), None);
        }
    }

    #[test]
    fn depth_costs_no_stack_and_few_steps() {
        let deep = name(&b"/".repeat(300_000));
        let other = deep.sibling(b"x");
        assert!(deep < other);
        assert_eq!(deep.common(&other), 300_000);
        assert_eq!(deep.ancestor(7).unwrap().len(), 7);
        let (mut at, mut steps) = (&deep, 0);
        while let Some(jump) = at.jump() {
            (at, steps) = (jump, steps + 1);
        }
        assert!(steps < 40, "{steps}");
        drop(other);
        assert_eq!(deep.to_vec(), b"/".repeat(300_000));
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        let bad: [&[u8]; 12] = [
            b"",
            b"/",
            b"/a",
            b"a/",
            b"a//b",
            b".",
            b"..",
            b"../a",
            b"a/..",
            b"a/./b",
            b"a\0b",
            b"a/../../b",
        ];
        for bytes in bad {
            assert!(name(bytes).fault().is_some(), "{bytes:?}");
        }
        assert!(name(&[b'a'; 256]).fault().is_some());
        let good: [&[u8]; 6] = [b"a", b"a/b", b"...", b"..a/.b", b"\xff\xfe/\x1b[2J", &[b'a'; 255]];
        for bytes in good {
            assert!(name(bytes).fault().is_none(), "{bytes:?}");
        }
    }
}
