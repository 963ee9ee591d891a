//! The log of purges in Redis: written by whoever purges, read by every node.

use redis::{Cmd, Value, cmd};

use super::names::Names;
use crate::Generation;
use crate::purge::{MOST, Scope};

/// Entries read at a time.
const BATCH: usize = 1000;

/// Begins a log if there is none, or if it lost its space, and says which space belongs to it and what its
/// first and last entries are. A new log begins after all that this node knows, so that positions never go
/// back.
const STATE: &str = "
local space = redis.call('GET', KEYS[2])
if not space or redis.call('EXISTS', KEYS[1]) == 0 then
  space = ARGV[1]
  redis.call('DEL', KEYS[1])
  redis.call('XADD', KEYS[1], ARGV[2], 'began', '')
  redis.call('SET', KEYS[2], space)
end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
return {space, first[1], first[2][1], last[1]}";

/// Adds an entry, if the log is still the one that the node follows.
const ADD: &str = "
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return false end
return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', unpack(ARGV, 3))";

/// What is known of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) space: String,
    pub(super) first: Generation,
    /// Whether nothing was cut off from the log since it began.
    pub(super) is_whole: bool,
    pub(super) last: Generation,
}

/// One entry: a purge, unless it only moves the log on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) position: Generation,
    pub(super) purge: Option<(Scope, Generation)>,
}

/// Asks for the state; `fresh` names the space of a log that is begun.
pub(super) fn state(names: &Names, fresh: &str, known: Generation) -> Cmd {
    let mut command = script(names, STATE);
    command.arg(fresh).arg(known.next_in_log());
    command
}

/// Reads the answer to [`state`].
pub(super) fn read_state(answer: &Value) -> Option<State> {
    let Value::Array(parts) = answer else { return None };
    let [space, first, kind, last] = parts.as_slice() else { return None };
    Some(State {
        space: text(space)?.to_owned(),
        first: Generation::from_log(text(first)?)?,
        is_whole: text(kind)? == "began",
        last: Generation::from_log(text(last)?)?,
    })
}

/// Adds a purge: a new one, or one that another log gave its position.
pub(super) fn add(names: &Names, space: &str, scope: &Scope, at: Option<Generation>) -> Cmd {
    let mut command = script(names, ADD);
    command.arg(space).arg(MOST);
    match scope {
        Scope::Everything => command.arg("everything").arg(""),
        Scope::Tag(tag) => command.arg("tag").arg(tag),
    };
    if let Some(at) = at {
        command.arg("at").arg(at.to_string());
    }
    command
}

/// Reads the position that a purge was given; nothing if the log is another one.
pub(super) fn read_added(answer: &Value) -> Option<Generation> {
    Generation::from_log(text(answer)?)
}

/// Moves the log on to the position that follows `known`. Redis refuses if it is there already.
pub(super) fn forward(names: &Names, known: Generation) -> Cmd {
    let mut command = cmd("XADD");
    command.arg(names.purges()).arg(known.next_in_log()).arg("forward").arg("");
    command
}

/// Asks for what comes after a position, and waits for it for a while.
pub(super) fn follow(names: &Names, after: Generation, millis: u64) -> Cmd {
    let mut command = cmd("XREAD");
    command.arg("COUNT").arg(BATCH).arg("BLOCK").arg(millis);
    command.arg("STREAMS").arg(names.purges()).arg(after.in_log());
    command
}

/// Asks for what comes after a position, without waiting.
pub(super) fn next(names: &Names, after: Generation) -> Cmd {
    let mut command = cmd("XRANGE");
    command.arg(names.purges()).arg(format!("({}", after.in_log())).arg("+").arg("COUNT").arg(BATCH);
    command
}

/// Reads the answer to [`follow`]: one stream of a map, or of a list of pairs.
pub(super) fn read_followed(answer: &Value) -> Option<Vec<Entry>> {
    match answer {
        Value::Nil => Some(Vec::new()),
        Value::Map(streams) => read_entries(&streams.first()?.1),
        Value::Array(streams) => match streams.first()? {
            Value::Array(pair) => read_entries(pair.get(1)?),
            _ => None,
        },
        _ => None,
    }
}

/// Reads a list of entries. One that says nothing this release knows of moves the log on.
pub(super) fn read_entries(answer: &Value) -> Option<Vec<Entry>> {
    let Value::Array(entries) = answer else { return None };
    entries.iter().map(read_entry).collect()
}

fn read_entry(entry: &Value) -> Option<Entry> {
    let Value::Array(parts) = entry else { return None };
    let [id, fields] = parts.as_slice() else { return None };
    let position = Generation::from_log(text(id)?)?;
    let Value::Array(fields) = fields else { return None };
    let fields: Vec<&str> = fields.iter().map(text).collect::<Option<_>>()?;
    let at = match fields.get(2..) {
        Some(["at", at]) => at.parse().ok()?,
        _ => position,
    };
    let scope = match fields.get(..2) {
        Some(["everything", _]) => Some(Scope::Everything),
        Some(["tag", tag]) => Some(Scope::Tag((*tag).to_owned())),
        _ => None,
    };
    Some(Entry { position, purge: scope.map(|scope| (scope, at)) })
}

fn script(names: &Names, text: &str) -> Cmd {
    let mut command = cmd("EVAL");
    command.arg(text).arg(2).arg(names.purges()).arg(names.space());
    command
}

pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn entry(fields: &[&str]) -> Value {
        Value::Array(vec![bulk("7-1"), Value::Array(fields.iter().map(|field| bulk(field)).collect())])
    }

    #[test]
    fn entries_are_read_in_both_forms_of_the_protocol() {
        let position = Generation::from_log("7-1").unwrap();
        let earlier = Generation::from_log("5-0").unwrap();
        let tag = Scope::Tag("a".to_owned());
        let at = earlier.to_string();
        for (fields, purge) in [
            (&["tag", "a"][..], Some((tag.clone(), position))),
            (&["everything", ""], Some((Scope::Everything, position))),
            (&["tag", "a", "at", &at], Some((tag, earlier))),
            (&["began", ""], None),
            (&["of another release", "x", "y", "z"], None),
        ] {
            let entries = Value::Array(vec![entry(fields)]);
            let expected = Some(vec![Entry { position, purge }]);
            assert_eq!(read_entries(&entries), expected);
            let pair = Value::Array(vec![bulk("log"), entries.clone()]);
            assert_eq!(read_followed(&Value::Array(vec![pair])), expected);
            assert_eq!(read_followed(&Value::Map(vec![(bulk("log"), entries)])), expected);
        }
        assert_eq!(read_followed(&Value::Nil), Some(Vec::new()));
        assert_eq!(read_entries(&Value::Array(vec![entry(&["tag", "a", "at", "junk!"])])), None);
    }
}
