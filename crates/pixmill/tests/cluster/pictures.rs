//! The requested pictures, with their expected bodies.

use std::rc::Rc;

use crate::{
    load,
    node::{Node, settings},
};

/// A request, with its expected body.
#[derive(Debug)]
pub struct Picture {
    /// Path and query.
    pub target: String,
    /// Hash of the body.
    pub body: blake3::Hash,
}

/// The folder of sample pictures.
pub fn samples() -> String {
    format!("{}/../../samples", env!("CARGO_MANIFEST_DIR"))
}

/// Variants of the sample pictures, as rendered by a node without shared cache.
pub async fn variants(number: u32) -> Rc<Vec<Picture>> {
    let alone = Node::start(settings(&samples(), &[]));
    let client = load::client();
    let mut pictures = Vec::new();
    for (index, name) in
        (0..number).zip(["china.jpg", "flower.jpg", "coffee.png", "rocket.jpg"].iter().cycle())
    {
        let target = format!("/{name}?width={}&format=png", 200 + index);
        let body = load::fetch(&client, alone.address, &target).await.expect("a healthy node");
        pictures.push(Picture { target, body: blake3::hash(&body) });
    }
    Rc::new(pictures)
}
