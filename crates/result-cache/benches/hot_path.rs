//! What a request pays for the cache: a hit in memory, the key, the envelope as bytes, joining a flight.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use result_cache::{Envelope, Flights, Key, Lifetimes, MemoryStore, Meta, Store};

fn envelope(len: usize) -> Envelope {
    let meta = Meta {
        status: 200,
        content_type: "image/webp".into(),
        etag: Some("\"0123456789abcdef\"".into()),
        lifetimes: Lifetimes { fresh_for: Duration::from_hours(1), ..Lifetimes::default() },
        tags: vec!["0123456789abcdef".into()],
        ..Meta::default()
    };
    Envelope { meta, body: Bytes::from(vec![7; len]) }
}

fn memory(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let store = MemoryStore::new(1 << 28, 1 << 24);
    let keys: Vec<Key> = (0..1000_u32).map(|n| Key::of(&[&n.to_le_bytes()])).collect();
    runtime.block_on(async {
        for key in &keys {
            store.put(*key, Arc::new(envelope(50_000))).await;
        }
    });
    let mut turn = keys.iter().cycle();
    c.bench_function("memory hit", |b| {
        b.iter(|| runtime.block_on(store.get(turn.next().expect("an endless cycle"))));
    });
}

fn codec(c: &mut Criterion) {
    let mut group = c.benchmark_group("envelope");
    for len in [10_000, 100_000, 1_000_000] {
        let envelope = envelope(len);
        let key = Key::of(&[b"bench"]);
        let bytes = envelope.encode(&key);
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_with_input(BenchmarkId::new("encode", len), &envelope, |b, envelope| {
            b.iter(|| envelope.encode(&key));
        });
        group.bench_with_input(BenchmarkId::new("decode and verify", len), &bytes, |b, bytes| {
            b.iter(|| Envelope::decode(bytes.clone(), &key));
        });
    }
    group.finish();
}

fn key(c: &mut Criterion) {
    let parts: [&[u8]; 3] = [b"schema 1", &[b'q'; 200], b"/photos/2024/a-picture.jpg"];
    c.bench_function("key of 234 bytes", |b| b.iter(|| Key::of(black_box(&parts))));
}

fn flights(c: &mut Criterion) {
    let flights = Flights::<Arc<Envelope>, ()>::new(Duration::from_mins(1));
    let key = Key::of(&[b"taken"]);
    let _lead = flights.join(key);
    c.bench_function("join and leave a flight", |b| b.iter(|| flights.join(black_box(key))));
    c.bench_function("begin and end a flight", |b| b.iter(|| flights.join(Key::from([9; Key::LEN]))));
}

criterion_group!(benches, memory, codec, key, flights);
criterion_main!(benches);
