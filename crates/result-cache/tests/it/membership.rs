//! Cluster membership, and authentication to Redis, with a real server.

use std::time::Duration;

use result_cache::{Coordinator, Membership, PurgeReach, PurgeScope};
use testkit::{RedisCluster, RedisServer};

use crate::redis::{config, connected, until};

const SOON: Duration = Duration::from_millis(20);
const NEVER: Duration = Duration::from_hours(1);

async fn announced(membership: &Membership, expected: &[&str]) {
    until("all members are seen", async || membership.announcements() == expected).await;
}

#[tokio::test]
async fn members_see_each_other_until_they_leave_or_expire() {
    let Some(server) = RedisServer::start() else { return };
    let config = config(&server.url());
    let (one, two) = (connected(&config).await, connected(&config).await);
    let here = one.join("a", SOON).unwrap();
    announced(&here, &["a"]).await;
    let there = two.join("b c", SOON).unwrap();
    let twin = two.join("a", SOON).unwrap();
    announced(&here, &["a", "a", "b c"]).await;
    announced(&there, &["a", "a", "b c"]).await;
    there.leave().await;
    announced(&here, &["a", "a"]).await;
    // a member that ends without leaving
    drop(twin);
    announced(&here, &["a"]).await;
    let prefixed = result_cache::RedisConfig { prefix: "other".to_owned(), ..config.redis.clone() };
    let elsewhere = connected(&result_cache::Config { redis: prefixed, ..config }).await;
    announced(&elsewhere.join("x", NEVER).unwrap(), &["x"]).await;
    announced(&here, &["a"]).await;
}

#[tokio::test]
async fn no_member_is_seen_while_redis_is_unavailable() {
    let Some(mut server) = RedisServer::start() else { return };
    let coordinator = connected(&config(&server.url())).await;
    let membership = coordinator.join("a", SOON).unwrap();
    announced(&membership, &["a"]).await;
    server.kill();
    announced(&membership, &[]).await;
    server.start_again();
    announced(&membership, &["a"]).await;
    assert!(Coordinator::open(&result_cache::Config::default()).unwrap().join("a", SOON).is_none());
}

#[tokio::test]
async fn membership_works_on_a_redis_cluster() {
    let Some(cluster) = RedisCluster::start() else { return };
    let mut config = config(&cluster.url());
    config.redis.mode = result_cache::RedisMode::Cluster;
    let (one, two) = (connected(&config).await, connected(&config).await);
    let (here, there) = (one.join("a", SOON).unwrap(), two.join("b", SOON).unwrap());
    announced(&here, &["a", "b"]).await;
    announced(&there, &["a", "b"]).await;
}

#[tokio::test]
async fn users_and_passwords_are_used() {
    let Some(server) = RedisServer::start() else { return };
    let url = |credentials: &str| server.url().replace("redis://", &format!("redis://{credentials}@"));
    let may = ["~pixmill:*", "~{pixmill}:*", "&pixmill:*", "+@all"];
    server.ask::<()>(&[&["ACL", "SETUSER", "pixmill", "on", ">of-the-user"], &may[..]].concat());
    server.configure("requirepass", "of-all");
    for credentials in ["pixmill:of-the-user", ":of-all", "default:of-all"] {
        let coordinator = connected(&config(&url(credentials))).await;
        let membership = coordinator.join("a", NEVER).unwrap();
        announced(&membership, &["a"]).await;
        membership.leave().await;
        assert_eq!(
            coordinator.purge(PurgeScope::Everything).await.unwrap(),
            PurgeReach::AllNodes,
            "{credentials}"
        );
    }
}
