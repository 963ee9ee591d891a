//! What tells one version of a file from another, without reading it.

use std::{
    fs::Metadata,
    io,
    os::unix::fs::MetadataExt,
    time::{Duration, SystemTime},
};

use http_semantics::Validators;

/// How far apart two changes of a file must be to have different times: on file systems with nanoseconds, the ticks of the
/// kernel's clock (10 ms at most), with a wide margin; on others a second, or two on FAT.
const FINE: Duration = Duration::from_millis(100);
const COARSE: Duration = Duration::from_secs(2);

/// The validators of a file as it is at the time `now`: a tag that is unique to this version ([`version`]), and its time
/// in seconds.
pub(super) fn validators(metadata: &Metadata, now: SystemTime) -> Result<Validators, io::Error> {
    let modified = metadata.modified()?;
    // HTTP dates before 1970 cannot be formatted
    let date = (modified >= SystemTime::UNIX_EPOCH).then(|| httpdate::fmt_http_date(modified));
    let marker = if may_change_unseen(metadata, now) {
        format!("~{:x}", now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos())
    } else {
        String::new()
    };
    Ok(Validators { etag: Some(format!("\"{}{marker}\"", version(metadata))), last_modified: date })
}

/// A name of this version of a file: modification and change time in nanoseconds, length, and inode. Whatever a
/// replacement takes over from the old file (`cp -p`, `rsync -t`), it has another inode or another change time.
pub(super) fn version(metadata: &Metadata) -> String {
    let time = |seconds: i64, nanoseconds: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    format!(
        "{:x}-{:x}-{:x}-{:x}",
        time(metadata.mtime(), metadata.mtime_nsec()),
        metadata.len(),
        time(metadata.ctime(), metadata.ctime_nsec()),
        metadata.ino()
    )
}

/// Whether a file was changed so recently that another change could have the same time. A tag that is made now must not
/// match the file after that: it is marked, and equal to no other one.
fn may_change_unseen(metadata: &Metadata, now: SystemTime) -> bool {
    let granularity = if metadata.ctime_nsec() == 0 { COARSE } else { FINE };
    let Ok(seconds) = u64::try_from(metadata.ctime()) else { return false };
    let changed = SystemTime::UNIX_EPOCH + Duration::new(seconds, metadata.ctime_nsec() as u32);
    let distance = now.duration_since(changed).unwrap_or_else(|ahead| ahead.duration());
    distance < granularity
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn versions_differ_by_time_length_and_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "picture").unwrap();
        let at = |seconds, nanoseconds| SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds);
        let touched = |time| {
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
            file.metadata().unwrap()
        };
        let first = touched(at(784_111_777, 1));
        let changed = at(first.ctime() as u64, first.ctime_nsec() as u32);
        let later = changed + COARSE;
        let settled = validators(&first, later).unwrap();
        assert_eq!(settled.last_modified.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert_eq!(settled.etag, Some(format!("\"{}\"", version(&first))));
        assert_eq!(validators(&first, later + FINE).unwrap(), settled);
        assert_ne!(version(&touched(at(784_111_777, 2))), version(&first));
        // another file with the same time and the same length
        std::fs::write(folder.path().join("b"), "PICTURE").unwrap();
        std::fs::rename(folder.path().join("b"), &path).unwrap();
        assert_ne!(version(&touched(at(784_111_777, 1))), version(&first));
        let early = touched(SystemTime::UNIX_EPOCH - Duration::from_nanos(255));
        assert_eq!(validators(&early, later).unwrap().last_modified, None);
        // too early to be told from the next change
        for now in [changed, changed + FINE / 2, changed - FINE / 2] {
            let doubtful = validators(&first, now).unwrap().etag.unwrap();
            assert!(doubtful.contains('~') && Some(&doubtful) != settled.etag.as_ref(), "{doubtful}");
        }
        assert_ne!(validators(&first, changed).unwrap(), validators(&first, changed + FINE / 2).unwrap());
    }
}
