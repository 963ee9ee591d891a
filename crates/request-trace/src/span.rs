//! One stage of a request.

use std::time::{Instant, SystemTime};

use crate::{Context, SpanId};

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A fixed text.
    Static(&'static str),
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Static(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// The side of a call that a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// Work within this process.
    Internal,
    /// A request to another service.
    Client,
    /// A request of a client.
    Server,
    /// Work that an earlier request has queued.
    Consumer,
}

/// A stage that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedSpan {
    /// Its id.
    pub id: SpanId,
    /// The span that it is a part of.
    pub parent: SpanId,
    /// What was done, such as `origin.fetch`.
    pub name: &'static str,
    /// Which side of a call it is.
    pub kind: SpanKind,
    /// Its start.
    pub start: SystemTime,
    /// Its end.
    pub end: SystemTime,
    /// Details.
    pub attributes: Vec<(&'static str, Value)>,
    /// Why it failed; none if it did not.
    pub error: Option<String>,
}

/// A stage that has not ended. It ends when it is dropped.
#[derive(Debug)]
pub struct Span {
    pub(crate) context: Context,
    pub(crate) parent: SpanId,
    pub(crate) name: &'static str,
    pub(crate) start: Instant,
    pub(crate) kind: SpanKind,
    pub(crate) attributes: Vec<(&'static str, Value)>,
    pub(crate) error: Option<String>,
    pub(crate) has_ended: bool,
}

impl Span {
    /// For work within this stage, by [`scope`](crate::scope).
    pub fn context(&self) -> Context {
        self.context.clone()
    }

    /// Says which side of a call it is.
    pub fn of_kind(mut self, kind: SpanKind) -> Self {
        self.kind = kind;
        self
    }

    /// Adds an attribute.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.attributes.push((name, value.into()));
    }

    /// Says that the stage failed. The text is for operators.
    pub fn fail(&mut self, error: impl Into<String>) {
        self.error = Some(error.into());
    }
}

impl Span {
    /// Ends it now.
    pub fn end(&mut self) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        let trace = &self.context.trace;
        trace.add(FinishedSpan {
            id: self.context.span,
            parent: self.parent,
            name: self.name,
            kind: self.kind,
            start: trace.at(self.start),
            end: trace.at(Instant::now()),
            attributes: std::mem::take(&mut self.attributes),
            error: self.error.take(),
        });
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        self.end();
    }
}
