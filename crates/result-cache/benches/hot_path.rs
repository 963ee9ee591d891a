//! What the cache costs a request: a hit in memory, a key, encoding and decoding an entry, joining an operation.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use result_cache::{CacheEntry, Coalescer, EntryMeta, Key, Lifetimes, MemoryStore, Store};

fn entry(len: usize) -> CacheEntry {
    let meta = EntryMeta {
        status: 200,
        content_type: "image/webp".into(),
        etag: Some("\"0123456789abcdef\"".into()),
        lifetimes: Lifetimes { fresh_for: Duration::from_hours(1), ..Lifetimes::default() },
        tags: vec!["0123456789abcdef".into()],
        ..EntryMeta::default()
    };
    CacheEntry { meta, body: Bytes::from(vec![7; len]) }
}

fn memory(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let store = MemoryStore::new(1 << 28, 1 << 24);
    let keys: Vec<Key> = (0..1000_u32).map(|n| Key::from_parts(&[&n.to_le_bytes()])).collect();
    runtime.block_on(async {
        for key in &keys {
            store.put(*key, Arc::new(entry(50_000))).await;
        }
    });
    let mut turn = keys.iter().cycle();
    c.bench_function("memory hit", |b| {
        b.iter(|| runtime.block_on(store.get(turn.next().expect("an endless cycle"))));
    });
}

fn codec(c: &mut Criterion) {
    let mut group = c.benchmark_group("entry");
    for len in [10_000, 100_000, 1_000_000] {
        let entry = entry(len);
        let key = Key::from_parts(&[b"bench"]);
        let bytes = entry.encode(&key);
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_with_input(BenchmarkId::new("encode", len), &entry, |b, entry| {
            b.iter(|| entry.encode(&key));
        });
        group.bench_with_input(BenchmarkId::new("decode and verify", len), &bytes, |b, bytes| {
            b.iter(|| CacheEntry::decode(bytes.clone(), &key));
        });
    }
    group.finish();
}

fn key(c: &mut Criterion) {
    let parts: [&[u8]; 3] = [b"schema 1", &[b'q'; 200], b"/photos/2024/a-picture.jpg"];
    c.bench_function("key of 234 bytes", |b| b.iter(|| Key::from_parts(black_box(&parts))));
}

fn coalescer(c: &mut Criterion) {
    let coalescer = Coalescer::<Arc<CacheEntry>, ()>::new(Duration::from_mins(1));
    let key = Key::from_parts(&[b"taken"]);
    let _permit = coalescer.join(key);
    c.bench_function("join and leave an operation", |b| b.iter(|| coalescer.join(black_box(key))));
    c.bench_function("start and end an operation", |b| b.iter(|| coalescer.join(Key::from([9; Key::LEN]))));
}

criterion_group!(benches, memory, codec, key, coalescer);
criterion_main!(benches);
