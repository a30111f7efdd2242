//! What takes the space in a block: the answer of `lig info`.

use crate::block::node::{Class, Node, STREAM_LARGE};
use crate::format::SectionEntry;

/// What a block is made of.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockReport {
    /// Stored bytes of the template table and the column tree.
    pub templates_stored_bytes: u64,
    /// The templates, in the order of their ids.
    pub templates: Vec<TemplateReport>,
    /// The columns, nested ones after the column they make up.
    pub columns: Vec<ColumnReport>,
}

/// One template of a block.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateReport {
    /// The constant text; each slot is written `<type>`.
    pub text: Vec<u8>,
    /// Lines of the block that have this template.
    pub lines: u64,
}

/// One column of a block.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnReport {
    /// A path that names the column: its number, and the numbers of nested columns behind dots.
    pub name: String,
    /// What its values are: `integer`, `time`, `text`, …
    pub kind: &'static str,
    /// How they are encoded: the names of `docs/FORMAT.md`, outermost first.
    pub encoding: String,
    /// The codec behind the encoding.
    pub codec: &'static str,
    /// Number of values.
    pub values: u64,
    /// Bytes before the codec.
    pub encoded_bytes: u64,
    /// Bytes in the file. Columns that share a section share its bytes in proportion to `encoded_bytes`.
    pub stored_bytes: u64,
}

/// Notes, while columns are decoded, what each is made of.
#[derive(Debug, Default)]
pub(crate) struct Reporter {
    columns: Vec<Noted>,
    /// Indices of the columns that are being decoded, outermost first.
    open: Vec<usize>,
    /// Nested columns met so far at each depth.
    numbers: Vec<usize>,
    /// Large streams met so far.
    large: usize,
}

#[derive(Debug, Default)]
struct Noted {
    name: String,
    kind: Option<Node>,
    encoding: String,
    values: u64,
    /// The section of each stream, and the stream's bytes.
    streams: Vec<(usize, u64)>,
}

impl Reporter {
    /// A column of `values` values begins.
    pub(crate) fn enter(&mut self, values: usize) {
        let depth = self.open.len();
        self.numbers.resize(depth + 1, 0);
        let number = self.numbers.get(depth).copied().unwrap_or(0).to_string();
        let parent = self.open.last().and_then(|&parent| self.columns.get(parent));
        let name = match parent {
            Some(parent) => format!("{}.{number}", parent.name),
            None => number,
        };
        self.open.push(self.columns.len());
        self.columns.push(Noted { name, values: values as u64, ..Noted::default() });
    }

    /// The innermost column ends.
    pub(crate) fn leave(&mut self) {
        self.open.pop();
        let depth = self.open.len();
        self.numbers.truncate(depth + 1);
        if let Some(number) = self.numbers.get_mut(depth) {
            *number += 1;
        }
    }

    /// The innermost column goes on with a node.
    pub(crate) fn node(&mut self, node: Node) {
        if let Some(column) = self.current() {
            if !column.encoding.is_empty() {
                column.encoding.push('+');
            }
            column.encoding.push_str(node.name());
            column.kind = Some(node);
        }
    }

    /// The innermost column takes a stream.
    pub(crate) fn stream(&mut self, class: Class, len: usize) {
        let section = if len >= STREAM_LARGE {
            self.large += 1;
            Class::COUNT + self.large
        } else {
            1 + class.index()
        };
        if let Some(column) = self.current() {
            column.streams.push((section, len as u64));
        }
    }

    fn current(&mut self) -> Option<&mut Noted> {
        let &open = self.open.last()?;
        self.columns.get_mut(open)
    }

    /// The columns, with their parts of the sections' stored bytes.
    pub(crate) fn finish(self, sections: &[SectionEntry]) -> Vec<ColumnReport> {
        let of = |noted: Noted| {
            let encoded_bytes = noted.streams.iter().map(|(_, len)| len).sum();
            let stored = noted.streams.iter().filter_map(|&(section, len)| {
                let entry = sections.get(section)?;
                (len * u64::from(entry.stored_len)).checked_div(entry.decoded_len.into())
            });
            let largest = noted.streams.iter().max_by_key(|(_, len)| len);
            let codec = largest.and_then(|&(section, _)| sections.get(section));
            ColumnReport {
                name: noted.name,
                kind: noted.kind.map_or("", Node::kind),
                encoding: noted.encoding,
                codec: codec.map_or("", |entry| entry.codec.name()),
                values: noted.values,
                encoded_bytes,
                stored_bytes: stored.sum(),
            }
        };
        self.columns.into_iter().map(of).collect()
    }
}
