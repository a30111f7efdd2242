//! Scans of whole inputs.

use std::io::{self, Read as _};
use std::ops::ControlFlow;

use crate::error::Result;
use crate::predicate::Predicate;
use crate::query::blocks::Blocks;
use crate::query::lines::{Lines, ScanLine, ScanOptions};
use crate::query::prepare::Asked;
use crate::query::sums::BlockSum;
use crate::reader::{IndexedReader, Loss, OnDamage};

/// Bytes read at a time.
const STEP: usize = 1 << 18;

/// What a scan did.
#[non_exhaustive]
#[derive(Debug, Default)]
pub struct ScanStats {
    /// Lines selected.
    pub selected: u64,
    /// Blocks of the file.
    pub blocks: u64,
    /// Blocks that their times or severities ruled out: nothing of them was read.
    pub blocks_skipped: u64,
    /// Other blocks that their filters ruled out: what the pattern needs is not in them. Nothing of them was read either.
    pub blocks_filtered: u64,
    /// Blocks of which the templates ruled out every line: nothing else of them was decoded.
    pub blocks_pruned: u64,
    /// Blocks that were decoded in part.
    pub blocks_in_part: u64,
    /// Blocks that were decoded wholly.
    pub blocks_whole: u64,
    /// Bytes that were decoded, of sections or of raw bytes.
    pub bytes_decoded: u64,
    /// Templates of the blocks that were decoded in part.
    pub templates: u64,
    /// Those of them of which lines may have been selected.
    pub templates_possible: u64,
    /// Lines of those blocks that might be selected, as far as their columns tell.
    pub lines_possible: u64,
    /// Lines that had to be rendered and matched one by one.
    pub lines_matched: u64,
    /// Raw bytes of the file.
    pub bytes_raw: u64,
    /// Blocks that could not be read, under [`OnDamage::Skip`].
    pub losses: Vec<Loss>,
}

/// Looks for the selected lines of any input, front to back, and calls `sink` for each and for its context, until that
/// breaks.
pub fn scan_read<R, F>(
    mut rdr: R,
    predicate: &Predicate,
    options: &ScanOptions,
    sink: F,
) -> Result<ScanStats>
where
    R: io::Read,
    F: FnMut(ScanLine<'_>) -> Result<ControlFlow<()>>,
{
    let mut lines = Lines::new(predicate, options, sink);
    let mut stats = ScanStats::default();
    let mut buffer = Vec::with_capacity(STEP);
    loop {
        buffer.clear();
        rdr.by_ref().take(STEP as u64).read_to_end(&mut buffer)?;
        stats.bytes_raw += buffer.len() as u64;
        let flow = if buffer.is_empty() { lines.finish()? } else { lines.push(&buffer)? };
        if buffer.is_empty() || flow.is_break() {
            break;
        }
    }
    stats.bytes_decoded = stats.bytes_raw;
    stats.selected = lines.selected;
    Ok(stats)
}

impl<R: io::Read + io::Seek> IndexedReader<R> {
    /// Looks for the selected lines of the file, in order, and calls `sink` for each and for its context, until that
    /// breaks. Only what can matter is decoded.
    ///
    /// # Example
    ///
    /// ```
    /// use std::io::{Cursor, Write};
    /// use std::ops::ControlFlow;
    ///
    /// # fn main() -> lignite::Result<()> {
    /// let mut wtr = lignite::Writer::new(Vec::new());
    /// wtr.write_all(b"job 1 done\njob 2 failed\n")?;
    /// let (file, _) = wtr.finish()?;
    ///
    /// let pattern = lignite::PatternBuilder::new().add(b"fail").build()?;
    /// let predicate = lignite::Predicate::matching(pattern);
    /// let mut found = Vec::new();
    /// lignite::IndexedReader::open(Cursor::new(file))?.scan(
    ///     &predicate,
    ///     &lignite::ScanOptions::default(),
    ///     lignite::OnDamage::Stop,
    ///     |line| {
    ///         found.push((line.number, line.bytes.to_vec()));
    ///         Ok(ControlFlow::Continue(()))
    ///     },
    /// )?;
    /// assert_eq!(found, [(2, b"job 2 failed".to_vec())]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn scan<F>(
        &mut self,
        predicate: &Predicate,
        options: &ScanOptions,
        on_damage: OnDamage,
        sink: F,
    ) -> Result<ScanStats>
    where
        F: FnMut(ScanLine<'_>) -> Result<ControlFlow<()>>,
    {
        self.scan_summed(predicate, options, on_damage, &mut |_| Ok(false), sink)
    }

    /// The same, but of blocks of which statistics tell which lines are selected, `sum` is asked first: if it says that it
    /// knows enough, nothing of the block is read, and its lines do not come to `sink`.
    pub fn scan_summed<F>(
        &mut self,
        predicate: &Predicate,
        options: &ScanOptions,
        on_damage: OnDamage,
        sum: &mut dyn FnMut(&BlockSum) -> Result<bool>,
        sink: F,
    ) -> Result<ScanStats>
    where
        F: FnMut(ScanLine<'_>) -> Result<ControlFlow<()>>,
    {
        let lines = Lines::new(predicate, options, sink);
        let (required, limits) = (predicate.required(), self.limits().clone());
        let asked = Asked { predicate, options, required: &required, limits: &limits };
        Blocks::new(self, asked, lines).with_sum(sum).scan(on_damage)
    }
}

/// A scan of bytes that arrive piece by piece.
///
/// # Example
///
/// ```
/// use std::ops::ControlFlow;
///
/// # fn main() -> lignite::Result<()> {
/// let predicate = lignite::Predicate::matching(lignite::PatternBuilder::new().add(b"b").build()?);
/// let mut found = 0;
/// let options = lignite::ScanOptions::default();
/// let mut scan = lignite::LineScan::new(&predicate, &options, |_| {
///     found += 1;
///     Ok(ControlFlow::Continue(()))
/// });
/// let _go_on = scan.push(b"ab\nc")?;
/// let _go_on = scan.push(b"b\nb")?;
/// scan.finish()?;
/// assert_eq!(found, 3);
/// # Ok(())
/// # }
/// ```
pub struct LineScan<'p, F>(Lines<'p, F>);

impl<F> std::fmt::Debug for LineScan<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LineScan")
    }
}

impl<'p, F> LineScan<'p, F>
where
    F: FnMut(ScanLine<'_>) -> Result<ControlFlow<()>>,
{
    /// A scan before the first byte.
    pub fn new(predicate: &'p Predicate, options: &ScanOptions, sink: F) -> Self {
        Self(Lines::new(predicate, options, sink))
    }

    /// Takes the next bytes, which may start and end inside lines; says whether more are wanted.
    pub fn push(&mut self, bytes: &[u8]) -> Result<ControlFlow<()>> {
        self.0.push(bytes)
    }

    /// Ends the input; returns how many lines were selected.
    pub fn finish(mut self) -> Result<u64> {
        let _over = self.0.finish()?;
        Ok(self.0.selected)
    }
}
