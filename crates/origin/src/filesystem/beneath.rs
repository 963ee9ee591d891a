//! Opens files below a folder, and never outside of it, whatever the path or its symbolic links are.

use std::{fs::File, io, os::fd::OwnedFd, path::Path};

use rustix::{
    fs::{CWD, Mode, OFlags, ResolveFlags},
    io::Errno,
};

/// How a file is opened. A FIFO or a device must not block, nor become the controlling terminal.
const READING: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// How often a path is resolved again if something was renamed meanwhile.
const LOOK_UPS: usize = 8;

/// Opens a file with the guarantee of the kernel that no step of the path leaves the folder (`openat2`).
pub(super) fn open_beneath(root: &OwnedFd, relative: &Path) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut attempts = 0;
    loop {
        attempts += 1;
        match rustix::fs::openat2(root, relative, READING, Mode::empty(), resolve) {
            // the kernel could not be certain while something was renamed
            Err(Errno::AGAIN) if attempts < LOOK_UPS => {}
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

/// The same without `openat2` (Linux before 5.6, or a sandbox that forbids it): resolves the path, and opens the result
/// if it is in the folder.
pub(super) fn open_compared(root: &Path, relative: &Path) -> Result<File, Errno> {
    let errno = |error: io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
    let root = root.canonicalize().map_err(errno)?;
    let real = root.join(relative).canonicalize().map_err(errno)?;
    if !real.starts_with(&root) {
        return Err(Errno::XDEV);
    }
    rustix::fs::openat(CWD, &real, READING | OFlags::NOFOLLOW, Mode::empty()).map(File::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_openat2_the_real_path_is_compared() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("photos");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("in.jpg"), "inside").unwrap();
        std::fs::write(outer.path().join("out.jpg"), "outside").unwrap();
        std::fs::create_dir(outer.path().join("photos-private")).unwrap();
        std::fs::write(outer.path().join("photos-private/x.jpg"), "outside").unwrap();
        std::os::unix::fs::symlink("in.jpg", root.join("link.jpg")).unwrap();
        std::os::unix::fs::symlink("../out.jpg", root.join("escape.jpg")).unwrap();
        std::os::unix::fs::symlink("../photos-private", root.join("sibling")).unwrap();
        for (relative, expected) in [
            ("in.jpg", Ok("inside")),
            ("link.jpg", Ok("inside")),
            ("escape.jpg", Err(Errno::XDEV)),
            ("sibling/x.jpg", Err(Errno::XDEV)),
            ("missing.jpg", Err(Errno::NOENT)),
        ] {
            let found =
                open_compared(&root, Path::new(relative)).map(|file| io::read_to_string(file).unwrap());
            assert_eq!(found, expected.map(str::to_owned), "{relative}");
        }
    }
}
