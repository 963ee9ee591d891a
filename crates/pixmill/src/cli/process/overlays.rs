//! Overlays of the command line: files in the folder of the originals.

use std::{ffi::OsStr, fs, io::ErrorKind, os::unix::ffi::OsStrExt, path::Path};

use bytes::Bytes;
use image_api::{Accept, Params, Settings, params::value::url::Url};
use origin::SourcePath;
use vips_ops::{
    Assets, Blame,
    overlay::{Link, links},
    vips::Deadline,
};

use crate::cli::Error;

/// Reads the overlays of a query. Missing ones are omitted; the render fails if they are required.
pub fn read(params: &Params, folder: &Path, settings: &Settings) -> Result<Assets, Error> {
    let mut assets = Assets::default();
    for link in links(params, &settings.limits).map_err(vips_ops::Error::from)? {
        if let Some(bytes) = one(&link, folder, settings)? {
            assets.insert(link.url, bytes);
        }
    }
    Ok(assets)
}

fn one(link: &Link, folder: &Path, settings: &Settings) -> Result<Option<Bytes>, Error> {
    let Url::Relative { path, .. } = &link.url else {
        let parameter = link.parameter;
        return Err(Error::Usage(format!(
            "{parameter} is a URL, expected a file in the folder of the picture"
        )));
    };
    let refused = |_| Error::Usage(format!("invalid overlay path {path}: expected one such as /logo.png"));
    let mut file = folder.to_path_buf();
    let path = SourcePath::parse(path).map_err(refused)?;
    if path.segments().iter().any(|segment| segment.contains(&b'/')) {
        return Ok(None);
    }
    file.extend(path.segments().iter().map(|segment| OsStr::from_bytes(segment)));
    let bytes = match fs::read(&file) {
        Ok(bytes) => Bytes::from(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file(file)(error)),
    };
    if link.params.is_empty() {
        return Ok(Some(bytes));
    }
    let own = read(&link.params, folder, settings)?;
    let never = Deadline::never();
    let accept = Accept::default();
    match vips_ops::process(&link.params, &bytes, &own, accept, settings, &never, &mut |_| ()) {
        Ok(made) => Ok(Some(made.bytes)),
        // not a picture, or a required overlay of it is missing: treated as a missing overlay
        Err(error) if error.blame() == Blame::Origin => Ok(None),
        Err(error) => Err(error.into()),
    }
}
