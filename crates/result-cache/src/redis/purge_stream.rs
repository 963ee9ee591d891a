//! The log of purges in Redis: written by whoever purges, read by every node.

use redis::{Cmd, Value, cmd};

use super::keyspace::Keyspace;
use crate::Generation;
use crate::purge::{MAX_PURGES, PurgeScope};

/// Entries read at a time.
const BATCH: usize = 1000;

/// Begins a log if there is none, or if it lost its namespace, and says which namespace belongs to it and what its
/// first and last entries are. A new log begins after all that this node knows, so that positions never go
/// back.
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

/// Adds an entry, if the log is still the one that the node follows.
const ADD: &str = "
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return false end
return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', unpack(ARGV, 3))";

/// What is known of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamState {
    pub(super) namespace: String,
    pub(super) first: Generation,
    /// Whether nothing was cut off from the log since it began.
    pub(super) is_whole: bool,
    pub(super) last: Generation,
}

/// One entry: a purge, unless it only moves the log on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamEntry {
    pub(super) position: Generation,
    pub(super) purge: Option<(PurgeScope, Generation)>,
}

/// Asks for the state; `fresh` keyspace the namespace of a log that is begun.
pub(super) fn state(keyspace: &Keyspace, fresh: &str, known: Generation) -> Cmd {
    let mut command = script(keyspace, OPEN_STREAM);
    command.arg(fresh).arg(known.next_in_log());
    command
}

/// Reads the reply to [`state`].
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

/// Adds a purge: a new one, or one that another log gave its position.
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

/// Reads the position that a purge was given; nothing if the log is another one.
pub(super) fn parse_added(reply: &Value) -> Option<Generation> {
    Generation::from_log(as_text(reply)?)
}

/// Moves the log on to the position that follows `known`. Redis refuses if it is there already.
pub(super) fn forward(keyspace: &Keyspace, known: Generation) -> Cmd {
    let mut command = cmd("XADD");
    command.arg(keyspace.purge_stream()).arg(known.next_in_log()).arg("forward").arg("");
    command
}

/// Asks for what comes after a position, and waits for it for a while.
pub(super) fn read_blocking(keyspace: &Keyspace, after: Generation, millis: u64) -> Cmd {
    let mut command = cmd("XREAD");
    command.arg("COUNT").arg(BATCH).arg("BLOCK").arg(millis);
    command.arg("STREAMS").arg(keyspace.purge_stream()).arg(after.in_log());
    command
}

/// Asks for what comes after a position, without waiting.
pub(super) fn read_after(keyspace: &Keyspace, after: Generation) -> Cmd {
    let mut command = cmd("XRANGE");
    command.arg(keyspace.purge_stream()).arg(format!("({}", after.in_log())).arg("+").arg("COUNT").arg(BATCH);
    command
}

/// Reads the reply to [`read_blocking`]: one stream of a map, or of a list of pairs.
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

/// Reads a list of entries. One that says nothing this release knows of moves the log on.
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
    fn entries_are_read_in_both_forms_of_the_protocol() {
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
