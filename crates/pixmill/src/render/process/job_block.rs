//! A job in one block of shared memory: its description, the original, and the overlays, one after the other.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
};

use bytes::{Buf, Bytes};
use serde::{Deserialize, Serialize};
use vips_ops::{
    Accept, Assets, Face, Params,
    params::value::url::{self, Url},
};

use crate::{
    render::engine::{Job, Render, Task},
    sight::Question,
};

/// Bytes of the length of the description, which is the first thing in a block.
const PREFIX_BYTES: usize = size_of::<u64>();

/// What the block holds, and what is to be done with it.
#[derive(Serialize, Deserialize)]
struct Description {
    original: usize,
    task: Described,
}

#[derive(Serialize, Deserialize)]
enum Described {
    Render {
        params: Vec<(String, String)>,
        accept: Accept,
        faces: Vec<Face>,
        /// The URL and the length of each overlay.
        overlays: Vec<(String, usize)>,
    },
    Analyze(Question),
}

/// Writes a job into a block.
pub fn write(job: &Job) -> io::Result<OwnedFd> {
    let mut overlays: Vec<&[u8]> = Vec::new();
    let task = match &job.task {
        Task::Analyze(question) => Described::Analyze(*question),
        Task::Render(render) => {
            let Render { params, assets, accept } = &**render;
            let pairs = params.pairs().into_iter().map(|(name, value)| (name.to_owned(), value));
            overlays.extend(assets.pictures().map(|(_, bytes)| &bytes[..]));
            Described::Render {
                params: pairs.collect(),
                accept: *accept,
                faces: assets.faces.clone(),
                overlays: assets.pictures().map(|(url, bytes)| (spelt(url), bytes.len())).collect(),
            }
        }
    };
    let description = serde_json::to_vec(&Description { original: job.original.len(), task })?;
    let length = (description.len() as u64).to_le_bytes();
    let parts = [&length[..], &description, &job.original].into_iter().chain(overlays);
    shared_memory::create(&parts.collect::<Vec<_>>())
}

/// Reads a job out of a block, which it then refers to.
pub fn read(block: impl AsFd) -> io::Result<Job> {
    let mut bytes = shared_memory::map(block)?;
    let length = take(&mut bytes, PREFIX_BYTES)?.get_u64_le();
    let description = take(&mut bytes, usize::try_from(length).map_err(io::Error::other)?)?;
    let Description { original, task } = serde_json::from_slice(&description)?;
    let original = take(&mut bytes, original)?;
    let task = match task {
        Described::Analyze(question) => Task::Analyze(question),
        Described::Render { params, accept, faces, overlays } => {
            let mut assets = Assets::default();
            assets.faces = faces;
            for (name, length) in overlays {
                let url = url::url(&name).map_err(io::Error::other)?.value;
                assets.insert(url, take(&mut bytes, length)?);
            }
            let params = Params::from_pairs(&params).map_err(io::Error::other)?;
            Task::Render(Box::new(Render { params, assets, accept }))
        }
    };
    Ok(Job { original, task })
}

fn spelt(url: &Url) -> String {
    let mut text = String::new();
    url::canonical(url, &mut text);
    text
}

fn take(bytes: &mut Bytes, length: usize) -> io::Result<Bytes> {
    if length > bytes.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the block is shorter than it says"));
    }
    Ok(bytes.split_to(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_read_as_it_was_written() {
        let query =
            "width=5&crop=fit&layers=[{\"url\":\"/a b.png?width=3\"},{\"url\":\"//x.example/ä.png\"}]";
        let params = Params::parse(query).unwrap().params;
        let limits = vips_ops::settings::Limits::default();
        let mut assets = Assets::default();
        for (index, link) in vips_ops::overlay::links(&params, &limits).unwrap().into_iter().enumerate() {
            assets.insert(link.url, vec![index as u8; index].into());
        }
        assets.faces =
            vec![Face { left: 0.1, top: 2.0, width: 3.0, height: 4.0, score: 0.5, eyes: [(1.0, 2.0); 2] }];
        let accept = Accept { avif: true, webp: false };
        let render = Render { params: params.clone(), assets: assets.clone(), accept };
        let job = Job { original: Bytes::from_static(b"original"), task: Task::Render(Box::new(render)) };
        let read = super::read(write(&job).unwrap()).unwrap();
        let Task::Render(render) = read.task else { panic!("no render") };
        assert_eq!((&read.original[..], &render.params, render.accept), (&b"original"[..], &params, accept));
        assert!(render.assets.pictures().eq(assets.pictures()));
        assert_eq!(render.assets.faces, assets.faces);
    }

    #[test]
    fn an_analysis_and_an_empty_original_too() {
        let job = Job { original: Bytes::new(), task: Task::Analyze(Question::Labels) };
        let read = super::read(write(&job).unwrap()).unwrap();
        assert!(read.original.is_empty() && matches!(read.task, Task::Analyze(Question::Labels)));
    }

    #[test]
    fn lengths_are_checked() {
        let description = |original| {
            let task = Described::Analyze(Question::Faces);
            serde_json::to_vec(&Description { original, task }).unwrap()
        };
        let text = description(9);
        for (length, text) in [(text.len() as u64, &text[..]), (u64::MAX, b""), (3, b"{}"), (2, b"{}")] {
            let block = shared_memory::create(&[&length.to_le_bytes(), text, b"original"]).unwrap();
            assert!(super::read(block).is_err(), "{length}");
        }
        assert!(super::read(shared_memory::create(&[b"short"]).unwrap()).is_err());
    }
}
