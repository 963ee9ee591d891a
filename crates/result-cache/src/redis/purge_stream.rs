//! The shared purge log, a stream in Redis: commands that write and read it, and parsers of the replies.

use redis::{Cmd, Value, cmd};

use super::keyspace::Keyspace;
use crate::Generation;
use crate::purge::{MAX_PURGES, PurgeScope};

/// Entries per read.
const BATCH: usize = 1000;

/// Starts a log if there is none, or if its namespace was lost. Returns its namespace and its first and last entries. A new
/// log starts after everything that this node knows, so that positions never go back.
const OPEN_STREAM: &str = "
local namespace = redis.call('GET', KEYS[2])
if not namespace or redis.call('EXISTS', KEYS[1]) == 0 then
  namespace = ARGV[1]
  redis.call('DEL', KEYS[1])
  redis.call('XADD', KEYS[1], ARGV[2], 'began', '')
  redis.call('SET', KEYS[2], namespace)
end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
return {namespace, first[1], first[2][1], last[1]}";

/// Appends an entry, if the log is still the one that the node follows.
const ADD: &str = "
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return false end
return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', unpack(ARGV, 3))";

/// The state of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamState {
    pub(super) namespace: String,
    pub(super) first: Generation,
    /// Whether no entry was trimmed since the log started.
    pub(super) is_whole: bool,
    pub(super) last: Generation,
}

/// One entry of the stream. Without a purge, it only advances the position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamEntry {
    pub(super) position: Generation,
    pub(super) purge: Option<(PurgeScope, Generation)>,
}

/// Queries the state; `fresh` is the namespace of a log that is started.
pub(super) fn state(keyspace: &Keyspace, fresh: &str, known: Generation) -> Cmd {
    let mut command = script(keyspace, OPEN_STREAM);
    command.arg(fresh).arg(known.next_in_log());
    command
}

/// Parses the reply to [`state`].
pub(super) fn parse_state(reply: &Value) -> Option<StreamState> {
    let Value::Array(parts) = reply else { return None };
    let [namespace, first, kind, last] = parts.as_slice() else { return None };
    Some(StreamState {
        namespace: as_text(namespace)?.to_owned(),
        first: Generation::from_log(as_text(first)?)?,
        is_whole: as_text(kind)? == "began",
        last: Generation::from_log(as_text(last)?)?,
    })
}

/// Appends a purge: a new one, or one that has its position from another log.
pub(super) fn add(keyspace: &Keyspace, namespace: &str, scope: &PurgeScope, at: Option<Generation>) -> Cmd {
    let mut command = script(keyspace, ADD);
    command.arg(namespace).arg(MAX_PURGES);
    match scope {
        PurgeScope::Everything => command.arg("everything").arg(""),
        PurgeScope::Tag(tag) => command.arg("tag").arg(tag),
    };
    if let Some(at) = at {
        command.arg("at").arg(at.to_string());
    }
    command
}

/// Parses the position that a purge was assigned; `None` if the log is another one.
pub(super) fn parse_added(reply: &Value) -> Option<Generation> {
    Generation::from_log(as_text(reply)?)
}

/// Advances the log to the position after `known`. Redis refuses if it is there already.
pub(super) fn forward(keyspace: &Keyspace, known: Generation) -> Cmd {
    let mut command = cmd("XADD");
    command.arg(keyspace.purge_stream()).arg(known.next_in_log()).arg("forward").arg("");
    command
}

/// Reads the entries after a position, and blocks for a while if there are none.
pub(super) fn read_blocking(keyspace: &Keyspace, after: Generation, millis: u64) -> Cmd {
    let mut command = cmd("XREAD");
    command.arg("COUNT").arg(BATCH).arg("BLOCK").arg(millis);
    command.arg("STREAMS").arg(keyspace.purge_stream()).arg(after.in_log());
    command
}

/// Reads the entries after a position, without blocking.
pub(super) fn read_after(keyspace: &Keyspace, after: Generation) -> Cmd {
    let mut command = cmd("XRANGE");
    command.arg(keyspace.purge_stream()).arg(format!("({}", after.in_log())).arg("+").arg("COUNT").arg(BATCH);
    command
}

/// Parses the reply to [`read_blocking`]: one stream of a map, or of a list of pairs.
pub(super) fn parse_blocking(reply: &Value) -> Option<Vec<StreamEntry>> {
    match reply {
        Value::Nil => Some(Vec::new()),
        Value::Map(streams) => parse_entries(&streams.first()?.1),
        Value::Array(streams) => match streams.first()? {
            Value::Array(pair) => parse_entries(pair.get(1)?),
            _ => None,
        },
        _ => None,
    }
}

/// Parses a list of entries. An entry that this release does not know only advances the position.
pub(super) fn parse_entries(reply: &Value) -> Option<Vec<StreamEntry>> {
    let Value::Array(entries) = reply else { return None };
    entries.iter().map(parse_entry).collect()
}

fn parse_entry(entry: &Value) -> Option<StreamEntry> {
    let Value::Array(parts) = entry else { return None };
    let [id, fields] = parts.as_slice() else { return None };
    let position = Generation::from_log(as_text(id)?)?;
    let Value::Array(fields) = fields else { return None };
    let fields: Vec<&str> = fields.iter().map(as_text).collect::<Option<_>>()?;
    let at = match fields.get(2..) {
        Some(["at", at]) => at.parse().ok()?,
        _ => position,
    };
    let scope = match fields.get(..2) {
        Some(["everything", _]) => Some(PurgeScope::Everything),
        Some(["tag", tag]) => Some(PurgeScope::Tag((*tag).to_owned())),
        _ => None,
    };
    Some(StreamEntry { position, purge: scope.map(|scope| (scope, at)) })
}

fn script(keyspace: &Keyspace, text: &str) -> Cmd {
    let mut command = cmd("EVAL");
    command.arg(text).arg(2).arg(keyspace.purge_stream()).arg(keyspace.namespace());
    command
}

pub(super) fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => str::from_utf8(bytes).ok(),
        Value::SimpleString(as_text) => Some(as_text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(as_text: &str) -> Value {
        Value::BulkString(as_text.as_bytes().to_vec())
    }

    fn entry(fields: &[&str]) -> Value {
        Value::Array(vec![bulk("7-1"), Value::Array(fields.iter().map(|field| bulk(field)).collect())])
    }

    #[test]
    fn entries_are_parsed_in_both_versions_of_the_protocol() {
        let position = Generation::from_log("7-1").unwrap();
        let earlier = Generation::from_log("5-0").unwrap();
        let tag = PurgeScope::Tag("a".to_owned());
        let at = earlier.to_string();
        for (fields, purge) in [
            (&["tag", "a"][..], Some((tag.clone(), position))),
            (&["everything", ""], Some((PurgeScope::Everything, position))),
            (&["tag", "a", "at", &at], Some((tag, earlier))),
            (&["began", ""], None),
            (&["of another release", "x", "y", "z"], None),
        ] {
            let entries = Value::Array(vec![entry(fields)]);
            let expected = Some(vec![StreamEntry { position, purge }]);
            assert_eq!(parse_entries(&entries), expected);
            let pair = Value::Array(vec![bulk("log"), entries.clone()]);
            assert_eq!(parse_blocking(&Value::Array(vec![pair])), expected);
            assert_eq!(parse_blocking(&Value::Map(vec![(bulk("log"), entries)])), expected);
        }
        assert_eq!(parse_blocking(&Value::Nil), Some(Vec::new()));
        assert_eq!(parse_entries(&Value::Array(vec![entry(&["tag", "a", "at", "junk!"])])), None);
    }
}
