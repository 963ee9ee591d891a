//! The nodes that share a Redis: whether they are set up alike, which they should be but for the time of a rolling restart.

use std::{collections::BTreeMap, time::Duration};

use actix_web::rt;
use result_cache::{Coordinator, Membership};

/// How often a node tells its fingerprint. Who is silent for three times as long is gone.
const EVERY: Duration = Duration::from_secs(10);

/// How many nodes have which fingerprint.
pub type Nodes = BTreeMap<String, usize>;

/// This node among those that share a Redis; alone without one.
#[derive(Debug)]
pub struct ConfigDrift(Option<Membership>);

/// What was told last of the fingerprints.
#[derive(Debug, Default)]
struct Comparison {
    told: Vec<String>,
}

/// What is to be told of them now.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Differ,
    Agree,
}

impl ConfigDrift {
    /// Tells the others of this node.
    pub fn join(peers: &Coordinator, fingerprint: &str) -> Self {
        Self(peers.join(fingerprint, EVERY))
    }

    /// The nodes there are, this one included; none without Redis, or while it is away.
    pub fn nodes(&self) -> Nodes {
        self.0.as_ref().map(|roster| count(&roster.announcements())).unwrap_or_default()
    }

    /// Logs from now on when nodes differ, and when they agree again.
    pub fn compare(&self) {
        let Some(mut words) = self.0.as_ref().map(Membership::watch) else { return };
        rt::spawn(async move {
            let mut comparison = Comparison::default();
            while words.changed().await.is_ok() {
                let nodes = count(&words.borrow_and_update());
                match comparison.news(&nodes) {
                    Some(News::Differ) => tracing::warn!(
                        nodes = told(&nodes),
                        "nodes that share a redis differ in release or configuration: they share no answers; this is normal \
                         during a rolling restart, and a mistake if it stays"
                    ),
                    Some(News::Agree) => {
                        tracing::info!(nodes = told(&nodes), "all nodes have one configuration again");
                    }
                    None => {}
                }
            }
        });
    }

    /// Tells the others that this node ends.
    pub async fn leave(&self) {
        if let Some(roster) = &self.0 {
            roster.leave().await;
        }
    }
}

impl Comparison {
    /// Something is to be told when other fingerprints are there than before, not when nodes come and go.
    fn news(&mut self, nodes: &Nodes) -> Option<News> {
        // nothing is seen while redis is away, and that says nothing of the nodes
        if nodes.is_empty() || nodes.keys().eq(&self.told) {
            return None;
        }
        let differed = self.told.len() > 1;
        self.told = nodes.keys().cloned().collect();
        match self.told.len() {
            1 => differed.then_some(News::Agree),
            _ => Some(News::Differ),
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

fn told(nodes: &Nodes) -> String {
    let each = nodes.iter().map(|(fingerprint, count)| format!("{count} with {fingerprint}"));
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_told_once() {
        let mut comparison = Comparison::default();
        for (seen, news) in [
            ("", None),
            ("a", None),
            ("a a", None),
            ("a a b", Some(News::Differ)),
            ("a b b", None),
            ("", None),
            ("a b", None),
            ("a b c", Some(News::Differ)),
            ("b b", Some(News::Agree)),
            ("c", None),
            ("c d", Some(News::Differ)),
        ] {
            let words: Vec<_> = seen.split_whitespace().map(str::to_owned).collect();
            assert_eq!(comparison.news(&count(&words)), news, "{seen}");
        }
        assert_eq!(told(&count(&["b", "a", "b"].map(str::to_owned))), "1 with a, 2 with b");
    }
}
