//! The encoding of a job in shared memory: its description, the original and the overlays, one after the other.

use std::{fs::File, io, os::fd::OwnedFd};

use bytes::{Buf, Bytes};
use image_api::{
    Accept, Face, Params,
    params::value::url::{self, Url},
};
use serde::{Deserialize, Serialize};
use shared_memory::inbox;
use vips_ops::Assets;

use crate::{
    model::analysis::AnalysisKind,
    render::engine::{Job, Operation, Refine, Render},
};

/// Where a job was written.
pub enum Written {
    /// Into the inbox; its length in bytes.
    Inbox(usize),
    /// Into a block of its own.
    Block(OwnedFd),
}

/// Bytes of the length of the description, which comes first.
const PREFIX_BYTES: usize = size_of::<u64>();

/// The description: the operation, and the lengths of what follows.
#[derive(Serialize, Deserialize)]
struct Description {
    original: usize,
    operation: Described,
}

#[derive(Serialize, Deserialize)]
enum Described {
    Render(DescribedRender),
    Analyze(AnalysisKind),
    Refine {
        render: DescribedRender,
        /// The length of the first encoding.
        encoded: usize,
        /// Whether it is only compared.
        score: bool,
    },
}

#[derive(Serialize, Deserialize)]
struct DescribedRender {
    params: Vec<(String, String)>,
    accept: Accept,
    faces: Vec<Face>,
    /// The URL and the length of each overlay.
    overlays: Vec<(String, usize)>,
}

/// Writes a job into the inbox, if there is a free one that is large enough, or else into a block.
pub fn write(job: &Job, free_inbox: Option<&File>) -> io::Result<Written> {
    let mut overlays: Vec<&[u8]> = Vec::new();
    let operation = match &job.operation {
        Operation::Analyze(question) => Described::Analyze(*question),
        Operation::Render(render) => {
            overlays.extend(render.assets.pictures().map(|(_, bytes)| &bytes[..]));
            Described::Render(describe(render))
        }
        Operation::Refine(refine) | Operation::Score(refine) => {
            let Refine { render, encoded } = &**refine;
            overlays.extend(render.assets.pictures().map(|(_, bytes)| &bytes[..]).chain([&encoded[..]]));
            let score = matches!(job.operation, Operation::Score(_));
            Described::Refine { render: describe(render), encoded: encoded.len(), score }
        }
    };
    let description = serde_json::to_vec(&Description { original: job.original.len(), operation })?;
    let length = (description.len() as u64).to_le_bytes();
    let parts = [&length[..], &description, &job.original].into_iter().chain(overlays);
    let parts: Vec<_> = parts.collect();
    let total = parts.iter().map(|part| part.len()).sum();
    match free_inbox.filter(|_| total <= inbox::CAPACITY) {
        Some(file) => inbox::write(file, &parts).map(|()| Written::Inbox(total)),
        None => shared_memory::create(&parts).map(Written::Block),
    }
}

/// Decodes a job. It refers to the bytes, without a copy.
pub fn read(mut bytes: Bytes) -> io::Result<Job> {
    let length = take(&mut bytes, PREFIX_BYTES)?.get_u64_le();
    let description = take(&mut bytes, usize::try_from(length).map_err(io::Error::other)?)?;
    let Description { original, operation } = serde_json::from_slice(&description)?;
    let original = take(&mut bytes, original)?;
    let operation = match operation {
        Described::Analyze(question) => Operation::Analyze(question),
        Described::Render(described) => Operation::Render(Box::new(described.read(&mut bytes)?)),
        Described::Refine { render, encoded, score } => {
            let render = render.read(&mut bytes)?;
            let refine = Box::new(Refine { render, encoded: take(&mut bytes, encoded)? });
            if score { Operation::Score(refine) } else { Operation::Refine(refine) }
        }
    };
    Ok(Job { original, operation })
}

/// The description of a render; its overlays follow elsewhere.
fn describe(render: &Render) -> DescribedRender {
    let Render { params, assets, accept } = render;
    let pairs = params.pairs().into_iter().map(|(name, value)| (name.to_owned(), value));
    DescribedRender {
        params: pairs.collect(),
        accept: *accept,
        faces: assets.faces.clone(),
        overlays: assets.pictures().map(|(url, bytes)| (spelt(url), bytes.len())).collect(),
    }
}

impl DescribedRender {
    /// The render, with its overlays from the front of `bytes`.
    fn read(self, bytes: &mut Bytes) -> io::Result<Render> {
        let Self { params, accept, faces, overlays } = self;
        let mut assets = Assets::default();
        assets.faces = faces;
        for (name, length) in overlays {
            let url = url::url(&name).map_err(io::Error::other)?.value;
            assets.insert(url, take(bytes, length)?);
        }
        let params = Params::from_pairs(&params).map_err(io::Error::other)?;
        Ok(Render { params, assets, accept })
    }
}

fn spelt(url: &Url) -> String {
    let mut text = String::new();
    url::canonical(url, &mut text);
    text
}

fn take(bytes: &mut Bytes, length: usize) -> io::Result<Bytes> {
    if length > bytes.len() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the block is shorter than its description states",
        ));
    }
    Ok(bytes.split_to(length))
}

#[cfg(test)]
mod tests {
    use shared_memory::{Inbox, create, map};

    use super::*;

    /// The job as the worker decodes it, sent by inbox and by block.
    fn sent(job: &Job) -> [Job; 2] {
        let Written::Block(block) = write(job, None).unwrap() else { panic!("there is no inbox") };
        let file = inbox::create().unwrap();
        let Written::Inbox(length) = write(job, Some(&file)).unwrap() else { panic!("it is small enough") };
        let content = Inbox::open(file.into()).unwrap().content(length).unwrap();
        [read(map(block).unwrap()).unwrap(), read(content).unwrap()]
    }

    #[test]
    fn a_job_is_read_as_it_was_written() {
        let query =
            "width=5&crop=fit&layers=[{\"url\":\"/a b.png?width=3\"},{\"url\":\"//x.example/ä.png\"}]";
        let params = Params::parse(query).unwrap().params;
        let limits = image_api::settings::Limits::default();
        let mut assets = Assets::default();
        for (index, link) in vips_ops::overlay::links(&params, &limits).unwrap().into_iter().enumerate() {
            assets.insert(link.url, vec![index as u8; index].into());
        }
        assets.faces =
            vec![Face { left: 0.1, top: 2.0, width: 3.0, height: 4.0, score: 0.5, eyes: [(1.0, 2.0); 2] }];
        let accept = Accept { avif: true, webp: false };
        let render = Render { params: params.clone(), assets: assets.clone(), accept };
        let job =
            Job { original: Bytes::from_static(b"original"), operation: Operation::Render(Box::new(render)) };
        let is_same = |render: &Render| {
            assert_eq!((&render.params, render.accept), (&params, accept));
            assert!(render.assets.pictures().eq(assets.pictures()));
            assert_eq!(render.assets.faces, assets.faces);
        };
        for read in sent(&job) {
            let Operation::Render(render) = read.operation else { panic!("no render") };
            assert_eq!(&read.original[..], b"original");
            is_same(&render);
        }
        let Operation::Render(render) = job.operation else { panic!("no render") };
        let refine = Box::new(Refine { render: *render, encoded: Bytes::from_static(b"first") });
        let job = Job { original: job.original, operation: Operation::Score(refine.clone()) };
        for read in sent(&job) {
            let Operation::Score(score) = read.operation else { panic!("no comparison") };
            assert_eq!((&read.original[..], &score.encoded[..]), (&b"original"[..], &b"first"[..]));
            is_same(&score.render);
        }
        let job = Job { original: job.original, operation: Operation::Refine(refine) };
        for read in sent(&job) {
            let Operation::Refine(refine) = read.operation else { panic!("no second pass") };
            assert_eq!((&read.original[..], &refine.encoded[..]), (&b"original"[..], &b"first"[..]));
            is_same(&refine.render);
        }
    }

    #[test]
    fn an_analysis_and_an_empty_original_too() {
        let job = Job { original: Bytes::new(), operation: Operation::Analyze(AnalysisKind::Labels) };
        for read in sent(&job) {
            assert!(
                read.original.is_empty()
                    && matches!(read.operation, Operation::Analyze(AnalysisKind::Labels))
            );
        }
    }

    #[test]
    fn jobs_larger_than_the_inbox_are_sent_in_a_block() {
        let original = vec![7; inbox::CAPACITY].into();
        let job = Job { original, operation: Operation::Analyze(AnalysisKind::Labels) };
        let file = inbox::create().unwrap();
        assert!(matches!(write(&job, Some(&file)).unwrap(), Written::Block(_)));
    }

    #[test]
    fn lengths_are_checked() {
        let description = |original| {
            let operation = Described::Analyze(AnalysisKind::Faces);
            serde_json::to_vec(&Description { original, operation }).unwrap()
        };
        let text = description(9);
        for (length, text) in [(text.len() as u64, &text[..]), (u64::MAX, b""), (3, b"{}"), (2, b"{}")] {
            let block = create(&[&length.to_le_bytes(), text, b"original"]).unwrap();
            assert!(read(map(block).unwrap()).is_err(), "{length}");
        }
        assert!(read(Bytes::from_static(b"short")).is_err());
    }
}
