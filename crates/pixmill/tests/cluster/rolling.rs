//! Rolling restarts.

use crate::{
    load::Load,
    node::{Node, settings},
    pictures::{samples, variants},
};

#[actix_web::test]
async fn a_rolling_restart_costs_no_request() {
    let pictures = variants(40).await;
    let mut nodes = [(); 2].map(|()| Node::start(settings(&samples(), &[])));
    let load = Load::put(&nodes.each_ref().map(|node| node.address), &pictures, 8);
    for node in &mut nodes {
        load.answered(200).await;
        node.end();
        load.answered(200).await;
        node.restart();
    }
    load.answered(200).await;
    load.end().await;
}

#[actix_web::test]
async fn a_node_that_is_killed_costs_no_request() {
    let pictures = variants(40).await;
    let mut nodes = [(); 2].map(|()| Node::start(settings(&samples(), &[])));
    let load = Load::put(&nodes.each_ref().map(|node| node.address), &pictures, 8);
    load.answered(100).await;
    nodes[0].kill();
    load.answered(200).await;
    nodes[0].restart();
    load.answered(200).await;
    load.end().await;
}
