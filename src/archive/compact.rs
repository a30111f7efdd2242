//! Writing an archive anew: without what was removed, without holes, in one commit, at another level.

use std::collections::BTreeMap;
use std::path::Path;

use crate::archive::append::{Appender, Committed};
use crate::archive::change::pattern;
use crate::archive::new_file::{Over, lock};
use crate::archive::open::Archive;
use crate::error::{Error, Result, Section};
use crate::format::members::{Extent, Member};
use crate::name::Name;
use crate::reader::ReaderBuilder;
use crate::vfs::FileSystem;
use crate::writer::WriterBuilder;

/// A key by which similar names lie side by side: where they are in a tree says less than what they are called.
///
/// Members are best added in its order, and those with equal keys in that of their names; [`compact`] does so.
pub fn storage_key(name: &Name) -> Vec<u8> {
    pattern(name.own())
}

/// Writes an archive anew and puts it in its own place, or under `output`, a name that is free. Fails with
/// [`ErrorKind::Locked`](crate::ErrorKind::Locked) while another process appends to it. A crash leaves the old archive or
/// the new one. It keeps its model file and predictor, unless `options` have others.
pub fn compact(
    system: &dyn FileSystem,
    path: &Path,
    output: Option<&Path>,
    options: &WriterBuilder,
    reading: &ReaderBuilder,
) -> Result<Committed> {
    // Held to the end: nobody must append to a file that is about to lose its name.
    let _lock = lock(system, path)?;
    let file = system.open(path)?;
    let like = file.info()?;
    let mut archive = Archive::from_file(file, reading)?;
    let options = &options.or_as(&archive.store.equipment()?);
    let over = if output.is_none() { Over::Anything } else { Over::Nothing };
    let mut appender = Appender::create_over(system, output.unwrap_or(path), options, over)?;
    appender.take_over(&like)?;
    let mut members = archive.members().to_vec();
    // They are sorted by name already.
    members.sort_by_cached_key(|member| (!member.is_dir).then(|| storage_key(&member.name)));
    let mut known: BTreeMap<Vec<(u64, u32, u32)>, usize> = BTreeMap::new();
    for member in members {
        let place = |extent: &Extent| (extent.block, extent.offset, extent.len);
        let places: Vec<_> = member.extents.iter().map(place).collect();
        if let Some(&same) = known.get(&places).filter(|_| !places.is_empty()) {
            appender.alias(member, same);
            continue;
        }
        let entry = appender.copy(&mut archive, member)?;
        known.insert(places, entry);
    }
    appender.commit()
}

impl Appender {
    /// Takes in a member of another archive. Returns its place among the new ones.
    fn copy(&mut self, archive: &mut Archive, member: Member) -> Result<usize> {
        let extents = member.extents.clone();
        let (hash, is_dir) = (member.hash, member.is_dir);
        let entry = self.begin_anew(member)?;
        let mut hasher = blake3::Hasher::new();
        for extent in extents {
            let part = archive.extent(extent)?;
            hasher.update(part.bytes());
            self.packer().write(part.bytes())?;
        }
        if is_dir || hasher.finalize() == hash {
            return Ok(entry);
        }
        let rule = "the content of a member has its hash";
        Err(Error::corrupt(Section::Members, archive.commit.last_members, rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_of_a_log_lie_side_by_side() {
        let names =
            [&b"b/app.log.2.gz"[..], b"a/z.log", b"a/app.log", b"b/app.log", b"a/app.log.1"];
        let mut names = names.map(Name::from);
        names.sort_by_key(storage_key);
        let app = names.iter().take_while(|name| name.own().starts_with(b"app")).count();
        assert_eq!(app, 4);
    }
}
