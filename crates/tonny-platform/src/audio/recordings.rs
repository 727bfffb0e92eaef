//! Kept recordings: fills core's port with files of the audio folder.

use std::path::Path;
use std::sync::Arc;

use tonny_core::ports::AudioFiles;
use tonny_core::problem::{Code, Problem};
use tonny_core::secrets::{Reader, Secret};

use super::{ballast, open_recording, seal, wav};

/// The audio folder; every call names its file.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordingsOnDisk;

impl AudioFiles for RecordingsOnDisk {
    fn read(&self, wav: &Path, key: Option<&Secret>) -> Result<Arc<[i16]>, Problem> {
        let key = key.map(|key| key.open_for(Reader::Recordings)).transpose()?;
        open_recording(wav, key).map(Into::into)
    }

    fn set_seal(&self, folder: &Path, public: Option<&str>) -> Result<(), Problem> {
        seal::set(folder, public)
            .map_err(|e| Problem::with(Code::HomeUnwritable, format!("{}: {e}", folder.display())))
    }

    fn has_seal(&self, folder: &Path) -> bool {
        seal::is_there(folder)
    }

    fn seal(&self, folder: &Path) -> Option<String> {
        seal::text(folder)
    }

    fn seal_all(&self, folder: &Path) -> Result<u32, Problem> {
        let mut count = 0;
        for id in self.ids(folder)? {
            let path = folder.join(format!("{id}.wav"));
            let Some(key) = seal::read(&path) else { break };
            let sealed = seal::seal(&path, key)
                .map_err(|e| Problem::with(Code::AudioNotKept, format!("{}: {e}", path.display())))?;
            count += u32::from(sealed);
        }
        Ok(count)
    }

    fn ids(&self, folder: &Path) -> Result<Vec<String>, Problem> {
        let unreadable =
            |e: std::io::Error| Problem::with(Code::HomeUnwritable, format!("{}: {e}", folder.display()));
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|ending| ending == "wav") {
                ids.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
            }
        }
        Ok(ids)
    }

    fn size(&self, folder: &Path) -> Result<(u64, u64), Problem> {
        let ids = self.ids(folder)?;
        let bytes =
            |id: &String| std::fs::metadata(folder.join(format!("{id}.wav"))).map_or(0, |file| file.len());
        Ok((ids.len() as u64, ids.iter().map(bytes).sum()))
    }

    fn set_room_aside(&self, folder: &Path) -> Result<bool, Problem> {
        ballast::fill(folder)
            .map_err(|e| Problem::with(Code::HomeUnwritable, format!("{}: {e}", folder.display())))
    }

    fn mend(&self, wav: &Path) -> Result<bool, Problem> {
        wav::mend(wav).map_err(|e| Problem::with(Code::AudioNotKept, format!("{}: {e}", wav.display())))
    }

    fn remove(&self, wav: &Path) -> Result<(), Problem> {
        match std::fs::remove_file(wav) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Problem::with(Code::AudioNotKept, format!("{}: {error}", wav.display())))
            }
            _ => Ok(()),
        }
    }
}
