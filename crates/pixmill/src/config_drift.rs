//! Configuration drift: whether the nodes that share a Redis have the same release and configuration, as they should except during
//! a rolling restart.

use std::{collections::BTreeMap, time::Duration};

use actix_web::rt;
use result_cache::{Coordinator, Membership};

/// How often a node announces its fingerprint. A node that has not announced for three times as long counts as gone.
const ANNOUNCE_EVERY: Duration = Duration::from_secs(10);

/// The number of nodes with each fingerprint.
pub type Nodes = BTreeMap<String, usize>;

/// The membership of this node among those that share a Redis; none without Redis.
#[derive(Debug)]
pub struct ConfigDrift(Option<Membership>);

/// The fingerprints at the last log message.
#[derive(Debug, Default)]
struct LastReport {
    fingerprints: Vec<String>,
}

/// A change that is logged.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    Differ,
    AgreeAgain,
}

impl ConfigDrift {
    /// Announces this node to the others.
    pub fn join(coordinator: &Coordinator, fingerprint: &str) -> Self {
        Self(coordinator.join(fingerprint, ANNOUNCE_EVERY))
    }

    /// All nodes, this one included; none without Redis, or while it is unavailable.
    pub fn nodes(&self) -> Nodes {
        self.0.as_ref().map(|membership| count(&membership.announcements())).unwrap_or_default()
    }

    /// Starts to log when nodes differ, and when they agree again.
    pub fn watch(&self) {
        let Some(mut announcements) = self.0.as_ref().map(Membership::watch) else { return };
        rt::spawn(async move {
            let mut last = LastReport::default();
            while announcements.changed().await.is_ok() {
                let nodes = count(&announcements.borrow_and_update());
                match last.change(&nodes) {
                    Some(Change::Differ) => tracing::warn!(
                        nodes = summary(&nodes),
                        "nodes that share a redis differ in release or configuration, so they share no cached responses; \
                         expected during a rolling restart only"
                    ),
                    Some(Change::AgreeAgain) => {
                        tracing::info!(
                            nodes = summary(&nodes),
                            "all nodes have the same configuration again"
                        );
                    }
                    None => {}
                }
            }
        });
    }

    /// Announces that this node shuts down.
    pub async fn leave(&self) {
        if let Some(membership) = &self.0 {
            membership.leave().await;
        }
    }
}

impl LastReport {
    /// The change since the last report: other fingerprints. That nodes come and go is none.
    fn change(&mut self, nodes: &Nodes) -> Option<Change> {
        // while redis is unavailable no node is seen, which says nothing of the nodes
        if nodes.is_empty() || nodes.keys().eq(&self.fingerprints) {
            return None;
        }
        let differed = self.fingerprints.len() > 1;
        self.fingerprints = nodes.keys().cloned().collect();
        match self.fingerprints.len() {
            1 => differed.then_some(Change::AgreeAgain),
            _ => Some(Change::Differ),
        }
    }
}

fn count(fingerprints: &[String]) -> Nodes {
    let mut nodes = Nodes::new();
    for fingerprint in fingerprints {
        *nodes.entry(fingerprint.clone()).or_default() += 1;
    }
    nodes
}

fn summary(nodes: &Nodes) -> String {
    let each = nodes.iter().map(|(fingerprint, count)| format!("{count} with {fingerprint}"));
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_reported_once() {
        let mut last = LastReport::default();
        for (announced, change) in [
            ("", None),
            ("a", None),
            ("a a", None),
            ("a a b", Some(Change::Differ)),
            ("a b b", None),
            ("", None),
            ("a b", None),
            ("a b c", Some(Change::Differ)),
            ("b b", Some(Change::AgreeAgain)),
            ("c", None),
            ("c d", Some(Change::Differ)),
        ] {
            let fingerprints: Vec<_> = announced.split_whitespace().map(str::to_owned).collect();
            assert_eq!(last.change(&count(&fingerprints)), change, "{announced}");
        }
        assert_eq!(summary(&count(&["b", "a", "b"].map(str::to_owned))), "1 with a, 2 with b");
    }
}
