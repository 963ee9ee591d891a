//! The status of asynchronous jobs, and what uploads stored, as JSON.

use serde_json::{Value, json};

use super::error::{self, Ids};
use crate::{
    config::Errors,
    uploads::{
        queue::EncodeStatus,
        status::{JobStatus, Progress, Stored},
    },
};

/// Encodes the body of `/async/{id}`.
pub fn encoder(settings: &Errors) -> EncodeStatus {
    let settings = settings.clone();
    Box::new(move |status| to_json(status, &settings).to_string().into())
}

/// The status as an object of the schema `Job` of the OpenAPI document.
pub fn to_json(status: &JobStatus, settings: &Errors) -> Value {
    let JobStatus { id, progress, queued_by } = status;
    let name = match progress {
        Progress::Pending => "pending",
        Progress::Processing => "processing",
        Progress::Done { .. } => "done",
        Progress::Failed(_) => "failed",
    };
    let mut object = json!({ "id": id.to_string(), "status": name, "location": id.location() });
    // an error of one picture is found like that of the whole job
    let ids: Ids = (queued_by.request_id.clone(), queued_by.span.as_ref().map(|span| span.trace));
    match progress {
        Progress::Pending | Progress::Processing => {}
        Progress::Done { result, stored } => {
            object["result"] = result.as_str().into();
            if !stored.is_empty() {
                object["stored"] =
                    stored.iter().map(|stored| stored_to_json(stored, settings, &ids)).collect();
            }
        }
        Progress::Failed(failure) => {
            object["error"] = error::object(failure, settings);
            error::add_ids(&mut object["error"], &ids);
        }
    }
    object
}

/// The response to an upload with `cache_queries`: the stored pictures, in order.
pub fn stored_list(stored: &[Stored], settings: &Errors) -> Value {
    let ids = error::current_ids();
    json!({ "stored": stored.iter().map(|stored| stored_to_json(stored, settings, &ids)).collect::<Value>() })
}

fn stored_to_json(Stored { location, outcome }: &Stored, settings: &Errors, ids: &Ids) -> Value {
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
        Err(failure) => {
            let mut error = error::object(failure, settings);
            error::add_ids(&mut error, ids);
            json!({ "location": location, "error": error })
        }
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
        let settings = Errors::default();
        let pending = to_json(&JobStatus::unfinished(id, JobState::Pending), &settings);
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
        let queued_by = QueuedBy { request_id: Some("1-a".to_owned()), span: None };
        let done = to_json(&JobStatus { id, progress, queued_by: queued_by.clone() }, &settings);
        assert_eq!((&done["status"], &done["result"]), (&json!("done"), &json!("/a.jpg")));
        assert_eq!(
            done["stored"][0],
            json!({ "location": "/a.jpg", "content_type": "image/webp", "bytes": 7, "fresh_for": 2, "etag": "\"a\"" })
        );
        let error = &done["stored"][1]["error"];
        assert_eq!((&error["code"], &error["request_id"]), (&json!("deadline_passed"), &json!("1-a")));
        assert_eq!(error["help"], settings.help("deadline_passed").unwrap());
        let failed =
            to_json(&JobStatus { id, progress: Progress::Failed(Error::Broken), queued_by }, &settings);
        assert_eq!(failed["error"]["request_id"], "1-a");
        assert_eq!(
            (&failed["status"], &failed["error"]["code"]),
            (&json!("failed"), &json!("internal_error"))
        );
    }
}
