//! Jobs: an original, the requested picture of it, and further pictures that are rendered and stored with it. A job runs while
//! its request waits, or in the queue.

use std::rc::Rc;

use bytes::Bytes;
use image_api::{Accept, Params};
use origin::ObjectRef;
use request_trace::RemoteParent;

use super::{Reservation, control_params::location, status::Stored};
use crate::{
    model::variant::{ServedVariant, VariantRequest},
    render::Class,
};

/// A job.
#[derive(Debug)]
pub struct Job {
    /// The original.
    pub target: ObjectRef,
    /// The path of the original, percent-encoded, with the parameters that select its origin.
    pub path: String,
    /// The picture that was requested.
    pub wanted: Variant,
    /// Further pictures to be made of the same original and stored (`cache_queries`).
    pub others: Vec<Variant>,
    /// The formats that the client accepts.
    pub accept: Accept,
    /// Where the original comes from.
    pub input: JobInput,
}

/// The request that queued a job.
#[derive(Debug, Clone, Default)]
pub struct QueuedBy {
    /// Its id.
    pub request_id: Option<String>,
    /// Its span; none if it is not traced.
    pub span: Option<RemoteParent>,
}

/// A picture to be made of an original.
#[derive(Debug, Clone)]
pub struct Variant {
    /// The query string of the request.
    pub query: String,
    /// The parameters in it.
    pub params: Params,
}

/// Where the original of a job comes from.
#[derive(Debug)]
pub enum JobInput {
    /// The cache of originals, or the origin.
    Origin,
    /// The request: it is an upload.
    Upload {
        /// The bytes of the upload.
        file: Bytes,
        /// The memory reserved for them.
        reservation: Reservation,
        /// Which picture of it is stored.
        retention: Retention,
    },
}

/// Which picture of an upload is stored as the original of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Nothing.
    None,
    /// The upload as it was received.
    Original,
    /// The picture made of it.
    Processed,
}

/// The result of a job.
#[derive(Debug)]
pub struct JobOutcome {
    /// The picture that was requested.
    pub answer: ServedVariant,
    /// The pictures that were stored or could not be made, in order.
    pub stored: Vec<Stored>,
}

impl Job {
    /// The request for one of its pictures.
    pub fn request(&self, variant: &Variant, class: Class) -> VariantRequest {
        let target = Rc::new(self.target.clone());
        VariantRequest { target, params: variant.params.clone(), accept: self.accept, class }
    }

    /// The path, with its query, under which the requested picture is served; none if nothing is stored.
    pub fn location(&self) -> Option<String> {
        match &self.input {
            JobInput::Upload { retention: Retention::None, .. } => None,
            JobInput::Upload { retention: Retention::Processed, .. } => Some(location(&self.path, "")),
            JobInput::Upload { retention: Retention::Original, .. } | JobInput::Origin => {
                Some(location(&self.path, &self.wanted.query))
            }
        }
    }
}
