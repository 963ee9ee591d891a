//! The status of asynchronous jobs, and what uploads stored, as JSON.

use bytes::Bytes;
use serde_json::{Value, json};

use super::error;
use crate::uploads::status::{JobStatus, Progress, Stored};

/// The body of `/async/{id}`.
pub fn encode(status: &JobStatus) -> Bytes {
    to_json(status).to_string().into()
}

/// The status as an object of the schema `Job` of the OpenAPI document.
pub fn to_json(status: &JobStatus) -> Value {
    let JobStatus { id, progress, queued_by } = status;
    let name = match progress {
        Progress::Pending => "pending",
        Progress::Processing => "processing",
        Progress::Done { .. } => "done",
        Progress::Failed(_) => "failed",
    };
    let mut object = json!({ "id": id.to_string(), "status": name, "location": id.location() });
    match progress {
        Progress::Pending | Progress::Processing => {}
        Progress::Done { result, stored } => {
            object["result"] = result.as_str().into();
            if !stored.is_empty() {
                object["stored"] = stored.iter().map(stored_to_json).collect();
            }
        }
        Progress::Failed(failure) => {
            let trace = queued_by.span.as_ref().map(|span| span.trace);
            object["error"] = error::object(failure);
            error::add_ids(&mut object["error"], queued_by.request_id.clone(), trace);
        }
    }
    object
}

/// The response to an upload with `cache_queries`: the stored pictures, in order.
pub fn stored_list(stored: &[Stored]) -> Value {
    json!({ "stored": stored.iter().map(stored_to_json).collect::<Value>() })
}

fn stored_to_json(Stored { location, outcome }: &Stored) -> Value {
    match outcome {
        Ok(picture) => {
            let mut object = json!({
                "location": location,
                "content_type": picture.content_type,
                "bytes": picture.bytes,
            });
            if let Some(etag) = &picture.etag {
                object["etag"] = etag.as_str().into();
            }
            object["fresh_for"] = picture.fresh_for.as_secs().into();
            object
        }
        Err(failure) => json!({ "location": location, "error": error::object(failure) }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        error::Error,
        uploads::{
            job::QueuedBy,
            status::{JobId, JobState, StoredPicture},
        },
    };

    #[test]
    fn each_stage_has_its_fields() {
        let id = JobId::random();
        let pending = to_json(&JobStatus::unfinished(id, JobState::Pending));
        assert_eq!(
            pending,
            json!({ "id": id.to_string(), "status": "pending", "location": format!("/async/{id}") })
        );
        let picture = StoredPicture {
            content_type: Some("image/webp".to_owned()),
            bytes: 7,
            etag: Some("\"a\"".to_owned()),
            fresh_for: Duration::from_millis(2500),
        };
        let stored = vec![
            Stored { location: "/a.jpg".to_owned(), outcome: Ok(picture) },
            Stored { location: "/b.jpg".to_owned(), outcome: Err(Error::Deadline) },
        ];
        let progress = Progress::Done { result: "/a.jpg".to_owned(), stored };
        let done = to_json(&JobStatus { id, progress, queued_by: QueuedBy::default() });
        assert_eq!((&done["status"], &done["result"]), (&json!("done"), &json!("/a.jpg")));
        assert_eq!(
            done["stored"][0],
            json!({ "location": "/a.jpg", "content_type": "image/webp", "bytes": 7, "fresh_for": 2, "etag": "\"a\"" })
        );
        assert_eq!(done["stored"][1]["error"]["code"], "deadline_passed");
        let queued_by = QueuedBy { request_id: Some("1-a".to_owned()), span: None };
        let failed = to_json(&JobStatus { id, progress: Progress::Failed(Error::Broken), queued_by });
        assert_eq!(failed["error"]["request_id"], "1-a");
        assert_eq!(
            (&failed["status"], &failed["error"]["code"]),
            (&json!("failed"), &json!("internal_error"))
        );
    }
}
