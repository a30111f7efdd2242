//! What takes the space in a block: the answer of `lig info`.

use crate::block::node::Node;
use crate::block::tree::{Column, Counts, Stream, Table, Tree};
use crate::block::view::BlockView;
use crate::error::Result;
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
    /// Bytes that its lines take in the file, where a model coded them, else 0. The values of a column count alike.
    pub modelled_bytes: u64,
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

/// Says what a block is made of. Decodes of it what tells the numbers of rows and values.
pub(crate) fn report(mut view: BlockView<'_>) -> Result<BlockReport> {
    let entries = view.entries();
    let first = entries.first();
    let Some(tree) = view.take_tree() else {
        let column = ColumnReport {
            name: "block".into(),
            kind: "text",
            encoding: "literal".into(),
            codec: first.map_or("", |entry| entry.codec.name()),
            values: 1,
            encoded_bytes: first.map_or(0, |entry| entry.decoded_len.into()),
            stored_bytes: first.map_or(0, |entry| entry.stored_len.into()),
        };
        return Ok(BlockReport { columns: vec![column], ..BlockReport::default() });
    };
    if tree.modelled {
        return modelled(&mut view, &tree);
    }
    let rows = view.counts_in(&tree.table, tree.rows)?;
    let templates = templates(&view, &tree, &rows);
    let mut walk = Walk { view, entries, columns: Vec::new() };
    walk.table(&tree.table, &rows.columns, "")?;
    let templates_stored_bytes = first.map_or(0, |entry| entry.stored_len.into());
    Ok(BlockReport { templates_stored_bytes, templates, columns: walk.columns })
}

fn templates(view: &BlockView<'_>, tree: &Tree, rows: &Counts) -> Vec<TemplateReport> {
    let text = |template| view.text_of(&tree.table, template).join(&b"<*>"[..]);
    let template = |(number, &lines)| TemplateReport {
        text: text(number),
        lines: lines as u64,
        modelled_bytes: 0,
    };
    rows.templates.iter().enumerate().map(template).collect()
}

/// The report of a block that a model coded. Bytes are what the model was surprised by.
fn modelled(view: &mut BlockView<'_>, tree: &Tree) -> Result<BlockReport> {
    let (rows, values, costs) = view.weigh(tree)?;
    let mut templates = templates(view, tree, &rows);
    let lines = rows.templates.iter().sum::<usize>().max(1) as u64;
    for (number, template) in templates.iter_mut().enumerate() {
        let of_columns = tree.table.columns_of(number).iter().map(|&column| {
            let (_, cost) = costs.columns.get(column as usize).copied().unwrap_or_default();
            let all = rows.columns.get(column as usize).copied().unwrap_or(0).max(1) as u64;
            cost * template.lines / all
        });
        template.modelled_bytes = of_columns.sum::<u64>() + costs.ids * template.lines / lines;
    }
    let column = |name: String, node: Node, (values, encoded_bytes, stored_bytes)| ColumnReport {
        name,
        kind: node.kind(),
        encoding: node.name().into(),
        codec: Node::Modelled.name(),
        values,
        encoded_bytes,
        stored_bytes,
    };
    let ids = column("ids".into(), Node::Dictionary, (lines, 0, costs.ids));
    let mut columns = vec![ids];
    for (number, (values, (tag, cost))) in values.iter().zip(costs.columns).enumerate() {
        let node = Node::from_tag(tag).unwrap_or(Node::Modelled);
        let sizes = (values.len() as u64, values.bytes().len() as u64, cost);
        columns.push(column(number.to_string(), node, sizes));
    }
    Ok(BlockReport { templates_stored_bytes: costs.templates, templates, columns })
}

struct Walk<'p> {
    view: BlockView<'p>,
    entries: &'p [SectionEntry],
    columns: Vec<ColumnReport>,
}

impl Walk<'_> {
    /// Reports the columns of a table, which have `values` values, behind the name of the column they make up.
    fn table(&mut self, table: &Table, values: &[usize], prefix: &str) -> Result<()> {
        for (number, (column, &values)) in table.columns.iter().zip(values).enumerate() {
            self.column(column, values, format!("{prefix}{number}"))?;
        }
        Ok(())
    }

    fn column(&mut self, column: &Column, values: usize, name: String) -> Result<()> {
        let mut noted = Noted::default();
        let nested = noted.node(column);
        let prefix = format!("{name}.");
        self.columns.push(self.finish(name, values, noted));
        if let Some((table, rows)) = nested {
            let counts = self.view.counts_in(table, rows.unwrap_or(values))?;
            self.table(table, &counts.columns, &prefix)?;
        }
        Ok(())
    }

    fn finish(&self, name: String, values: usize, noted: Noted) -> ColumnReport {
        let entry = |stream: &Stream| self.entries.get(stream.section as usize);
        let streams = || noted.streams.iter().filter(|stream| stream.section > 0);
        let stored = streams().filter_map(|stream| {
            let entry = entry(stream)?;
            let part = u64::from(stream.len) * u64::from(entry.stored_len);
            part.checked_div(entry.decoded_len.into())
        });
        let largest = streams().max_by_key(|stream| stream.len);
        ColumnReport {
            name,
            kind: noted.kind.map_or("", Node::kind),
            encoding: noted.encoding,
            codec: largest.and_then(entry).map_or("", |entry| entry.codec.name()),
            values: values as u64,
            encoded_bytes: noted.streams.iter().map(|stream| u64::from(stream.len)).sum(),
            stored_bytes: stored.sum(),
        }
    }
}

/// What a column is made of, down to the columns nested in it.
#[derive(Default)]
struct Noted {
    kind: Option<Node>,
    encoding: String,
    streams: Vec<Stream>,
}

impl Noted {
    fn name(&mut self, name: &str) {
        if !self.encoding.is_empty() {
            self.encoding.push('+');
        }
        self.encoding.push_str(name);
    }

    /// Notes a node; returns the table nested in it, with its number of rows where that is not the column's.
    fn node<'a>(&mut self, column: &'a Column) -> Option<(&'a Table, Option<usize>)> {
        let node = column.node();
        match column {
            Column::Digits { numbers, .. }
            | Column::Time { ticks: numbers, .. }
            | Column::Dictionary { numbers, .. } => match numbers.reference {
                Some((_, true)) => self.name("difference by key"),
                Some((_, false)) => self.name("difference"),
                None => {}
            },
            _ => {}
        }
        self.name(node.name());
        self.kind = Some(node);
        match column {
            Column::Dictionary { distinct, numbers, entries } => {
                self.streams.push(numbers.stream);
                self.node(entries).map(|(table, rows)| (table, rows.or(Some(*distinct))))
            }
            Column::Nested(table) => {
                self.streams.push(table.ids.stream);
                Some((table, None))
            }
            Column::Predicted { misses, gaps, column, .. } => {
                self.streams.push(gaps.stream);
                self.node(column).map(|(table, rows)| (table, rows.or(Some(*misses))))
            }
            other => {
                other.streams(&mut |stream| self.streams.push(stream));
                None
            }
        }
    }
}
