//! A block's statistics, readable without its payload (`docs/FORMAT.md`, "Statistics").

/// What is known of a block without decoding it. A missing statistic never rules a block out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockStats {
    /// Number of templates, those of nested columns left out.
    pub(crate) templates: u32,
    /// First and last printed time, in ticks of a nanosecond since 1970-01-01 without regard to zone; year 1970 where
    /// the log prints none. `None` where no line has one.
    pub(crate) time_range: Option<(i64, i64)>,
    /// Bit `n` set: a line may have severity `n` of the table in the chapter; 0: unknown.
    pub(crate) levels: u16,
}
