//! Request coalescing: of all callers that want the same thing at the same time, in this process or on several nodes, one builds it.

pub(crate) mod distributed;
pub(crate) mod local;
