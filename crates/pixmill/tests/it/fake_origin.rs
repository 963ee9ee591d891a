//! An origin that answers as it is told, counts what it is asked, and can hold its answers back.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode, rt, web};
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{sync::watch, time::timeout};

use crate::client::PATIENCE;

pub struct FakeOrigin {
    pub url: String,
    state: Arc<State>,
}

struct State {
    reply: Mutex<Reply>,
    /// What requests for these paths are answered instead.
    paths: Mutex<BTreeMap<&'static str, Reply>>,
    /// The `If-None-Match` of each request.
    asked: watch::Sender<Vec<Option<String>>>,
    /// Requests whose client left before they were answered.
    abandoned: watch::Sender<usize>,
    held: watch::Sender<bool>,
}

/// What every request is answered.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: Bytes,
}

impl FakeOrigin {
    pub fn start(reply: Reply) -> Self {
        let state = Arc::new(State {
            reply: Mutex::new(reply),
            paths: Mutex::default(),
            asked: watch::Sender::default(),
            abandoned: watch::Sender::default(),
            held: watch::Sender::default(),
        });
        let shared = web::Data::from(Arc::clone(&state));
        let server =
            HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::to(answer)))
                .workers(1)
                .h1_allow_half_closed(false)
                .disable_signals()
                .bind(("127.0.0.1", 0))
                .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        rt::spawn(server.run());
        Self { url, state }
    }

    pub fn replies(&self, reply: Reply) {
        *self.state.reply.lock() = reply;
    }

    /// From now on this path is answered something else than all others.
    pub fn replies_at(&self, path: &'static str, reply: Reply) {
        self.state.paths.lock().insert(path, reply);
    }

    /// Holds answers back until [`Self::release`].
    pub fn hold(&self) {
        self.state.held.send_replace(true);
    }

    pub fn release(&self) {
        self.state.held.send_replace(false);
    }

    /// How many requests there were.
    pub fn asked(&self) -> usize {
        self.state.asked.borrow().len()
    }

    pub fn last_if_none_match(&self) -> Option<String> {
        self.state.asked.borrow().last().cloned().flatten()
    }

    pub async fn is_asked(&self, times: usize) {
        let mut asked = self.state.asked.subscribe();
        timeout(PATIENCE, asked.wait_for(|asked| asked.len() >= times)).await.expect("nobody asks").unwrap();
    }

    pub async fn is_abandoned(&self) {
        let mut abandoned = self.state.abandoned.subscribe();
        timeout(PATIENCE, abandoned.wait_for(|left| *left > 0)).await.expect("nobody leaves").unwrap();
    }
}

impl Reply {
    pub fn ok(body: &Bytes) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.clone() }
    }

    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

async fn answer(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let tag = request.headers().get("if-none-match").map(|tag| tag.to_str().unwrap().to_owned());
    let mut unanswered = Unanswered { state: &state, answered: false };
    state.asked.send_modify(|asked| asked.push(tag));
    state.held.subscribe().wait_for(|held| !held).await.unwrap();
    unanswered.answered = true;
    let own = state.paths.lock().get(request.path()).cloned();
    let Reply { status, headers, body } = own.unwrap_or_else(|| state.reply.lock().clone());
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap());
    for header in headers {
        response.insert_header(header);
    }
    response.body(body)
}

struct Unanswered<'a> {
    state: &'a State,
    answered: bool,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.state.abandoned.send_modify(|left| *left += 1);
        }
    }
}
