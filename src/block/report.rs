//! What takes the space in a block: the answer of `lig info`.

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
