//! The disk store across restarts, damage and failures.

use std::fs::{self, File};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use tokio::time::advance;

use result_cache::{Cache, CacheEntry, CacheName, Coordinator, DiskStore, ErrorKind, Store, Tier};
use testkit::SmallDisk;

use crate::fixture::{STORED, body, config, disk, entry, key};

async fn open(folder: &Path) -> DiskStore {
    DiskStore::open(disk(folder)).await.unwrap()
}

/// The block files.
fn blocks(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.join("blocks")).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[tokio::test]
async fn entries_are_found_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for n in 0..300 {
        store.put(key(n), entry(n, 10_000)).await;
    }
    store.close().await;
    assert_eq!(store.get(&key(0)).await, None, "a closed store answers nothing");
    let store = open(dir.path()).await;
    for n in 0..300 {
        assert_eq!(store.get(&key(n)).await, Some(entry(n, 10_000)));
    }
}

#[tokio::test]
async fn the_last_put_is_found_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..4 {
        let store = open(dir.path()).await;
        store.put(key(1), entry(round, 1000)).await;
        store.close().await;
    }
    assert_eq!(open(dir.path()).await.get(&key(1)).await, Some(entry(3, 1000)));
}

#[test]
fn entries_put_by_many_threads_at_once_are_found_after_a_restart() {
    const THREADS: u64 = 8;
    const EACH: u64 = 100;
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let store = runtime().block_on(open(dir.path()));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &store;
            let put_all = async move {
                for n in thread * EACH..(thread + 1) * EACH {
                    store.put(key(n), entry(n, 100)).await;
                }
            };
            scope.spawn(|| runtime().block_on(put_all));
        }
    });
    runtime().block_on(async {
        store.close().await;
        let store = open(dir.path()).await;
        let mut lost = Vec::new();
        for n in 0..THREADS * EACH {
            if store.get(&key(n)).await.is_none() {
                lost.push(n);
            }
        }
        assert!(lost.is_empty(), "{} entries, such as {:?}", lost.len(), lost.first());
    });
}

#[tokio::test]
async fn a_removed_entry_does_not_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for n in 0..20 {
        store.put(key(n), entry(n, 1000)).await;
    }
    for n in 0..10 {
        store.remove(&key(n)).await.unwrap();
    }
    store.close().await;
    let store = open(dir.path()).await;
    for n in 0..20 {
        assert_eq!(store.get(&key(n)).await.is_some(), n >= 10, "entry {n}");
    }
}

#[tokio::test]
async fn cleared_entries_do_not_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.put(key(1), entry(1, 1000)).await;
    store.flush().await;
    store.put(key(2), entry(2, 1000)).await;
    store.clear().await.unwrap();
    store.put(key(3), entry(3, 1000)).await;
    store.close().await;
    let store = open(dir.path()).await;
    assert_eq!(store.get(&key(1)).await, None);
    assert_eq!(store.get(&key(2)).await, None);
    assert_eq!(store.get(&key(3)).await, Some(entry(3, 1000)));
}

#[tokio::test]
async fn files_stay_within_the_capacity_and_the_newest_entries_stay() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for n in 0..200 {
        store.put(key(n), entry(n, 500_000)).await;
        store.flush().await;
    }
    assert_eq!(store.get(&key(199)).await, Some(entry(199, 500_000)));
    assert_eq!(store.get(&key(0)).await, None, "100 MB do not fit in 32 MiB");
    let bytes: u64 = blocks(dir.path()).iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(bytes <= 32 << 20, "{bytes} bytes on disk");
    assert!(store.stats().bytes > 100_000_000);
}

#[tokio::test]
async fn a_flipped_byte_is_a_miss() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.put(key(1), entry(1, 50_000)).await;
    store.put(key(2), entry(2, 50_000)).await;
    store.flush().await;
    let needle = &body(1, 50_000)[20_000..20_100];
    let mut damaged = 0;
    for file in blocks(dir.path()) {
        let mut bytes = fs::read(&file).unwrap();
        if let Some(at) = find(&bytes, needle) {
            bytes[at] ^= 1;
            fs::write(&file, bytes).unwrap();
            damaged += 1;
        }
    }
    assert_eq!(damaged, 1);
    assert_eq!(store.get(&key(1)).await, None);
    assert_eq!(store.get(&key(2)).await, Some(entry(2, 50_000)));
    store.put(key(1), entry(1, 50_000)).await;
    assert_eq!(store.get(&key(1)).await, Some(entry(1, 50_000)), "it can be stored again");
}

#[tokio::test]
async fn damaged_files_are_opened_as_far_as_possible() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.put(key(1), entry(1, 1000)).await;
    store.close().await;
    for (n, file) in blocks(dir.path()).into_iter().enumerate() {
        let len = usize::try_from(fs::metadata(&file).unwrap().len()).unwrap();
        // half of the files are junk, the others are truncated
        fs::write(&file, body(n as u64, if n % 2 == 0 { len } else { len / 3 })).unwrap();
    }
    let store = open(dir.path()).await;
    assert_eq!(store.get(&key(1)).await, None);
    store.put(key(1), entry(1, 1000)).await;
    store.flush().await;
    assert_eq!(store.get(&key(1)).await, Some(entry(1, 1000)));
}

#[tokio::test]
async fn another_size_starts_empty_and_leaves_no_files_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.put(key(1), entry(1, 1000)).await;
    store.close().await;
    let mut settings = disk(dir.path());
    settings.max_bytes /= 2;
    let store = DiskStore::open(settings).await.unwrap();
    assert_eq!(store.get(&key(1)).await, None);
    let bytes: u64 = blocks(dir.path()).iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(bytes <= 16 << 20, "{bytes} bytes on disk");
}

#[tokio::test(start_paused = true)]
async fn failed_reads_are_misses_and_open_the_circuit_breaker() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for n in 0..10 {
        store.put(key(n), entry(n, 10_000)).await;
    }
    store.flush().await;
    for file in blocks(dir.path()) {
        File::options().write(true).open(file).unwrap().set_len(0).unwrap();
    }
    for n in (0..10).chain(0..10) {
        assert_eq!(store.get(&key(n)).await, None);
    }
    assert_eq!(store.stats().failures, 5, "after five failures the circuit breaker is open");
}

/// Replaces the block files by files in memory, which can be made to refuse writes.
fn files_in_memory(folder: &Path) -> Vec<OwnedFd> {
    let replace = |file: PathBuf| {
        let memory = memfd_create("block", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        fs::remove_file(&file).unwrap();
        symlink(format!("/proc/self/fd/{}", memory.as_raw_fd()), file).unwrap();
        memory
    };
    blocks(folder).into_iter().map(replace).collect()
}

fn refuse_writes(files: &[OwnedFd]) {
    for file in files {
        fcntl_add_seals(file, SealFlags::WRITE).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_cannot_be_written_is_reopened_empty_after_the_back_off() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await;
    let files = files_in_memory(dir.path());
    let store = open(dir.path()).await;
    store.put(key(1), entry(1, 1000)).await;
    store.flush().await;
    assert_eq!(store.get(&key(1)).await, Some(entry(1, 1000)));

    refuse_writes(&files);
    store.put(key(1), entry(2, 1000)).await;
    while let Some(found) = store.get(&key(1)).await {
        assert_eq!(found, entry(2, 1000), "the entry that was replaced is back");
        tokio::task::yield_now().await;
    }
    advance(Duration::from_secs(6)).await;
    store.put(key(2), entry(2, 1000)).await;
    while store.stats().failures == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.get(&key(2)).await, None, "nothing is written any more");
    assert_eq!(store.remove(&key(2)).await.unwrap_err().kind(), ErrorKind::Unreachable);

    advance(Duration::from_mins(1)).await;
    assert_eq!(store.get(&key(1)).await, None);
    store.flush().await;
    store.put(key(3), entry(3, 1000)).await;
    store.flush().await;
    assert_eq!(store.get(&key(3)).await, None, "it still fails");

    for file in blocks(dir.path()) {
        fs::remove_file(file).unwrap();
    }
    advance(Duration::from_mins(1)).await;
    assert_eq!(store.get(&key(1)).await, None);
    store.flush().await;
    store.put(key(3), entry(3, 1000)).await;
    store.flush().await;
    assert_eq!(store.get(&key(3)).await, Some(entry(3, 1000)), "it works again");
    assert_eq!(store.get(&key(1)).await, None);
    store.close().await;

    let store = open(dir.path()).await;
    assert_eq!(store.get(&key(1)).await, None);
    assert_eq!(store.get(&key(3)).await, Some(entry(3, 1000)));
}

#[tokio::test]
async fn a_removal_that_cannot_be_written_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await;
    let files = files_in_memory(dir.path());
    let store = open(dir.path()).await;
    store.put(key(1), entry(1, 1000)).await;
    store.flush().await;
    refuse_writes(&files);
    assert_eq!(store.remove(&key(1)).await.unwrap_err().kind(), ErrorKind::Unreachable);
    assert_eq!(store.get(&key(1)).await, None);
}

#[tokio::test]
async fn a_folder_in_use_or_unusable_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let error = DiskStore::open(disk(dir.path())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Open);
    assert!(error.to_string().contains("is in use by another process"), "{error}");
    store.close().await;

    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = DiskStore::open(disk(&file)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Open);
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn an_entry_too_large_for_a_block_is_a_miss_not_an_older_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.put(key(1), entry(1, 1000)).await;
    store.flush().await;
    store.put(key(1), entry(2, 8 << 20)).await;
    store.flush().await;
    assert_eq!(store.get(&key(1)).await, None);
}

#[tokio::test]
async fn removing_after_closing_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.close().await;
    store.close().await;
    assert_eq!(store.remove(&key(1)).await.unwrap_err().kind(), ErrorKind::Unreachable);
    assert_eq!(store.clear().await.unwrap_err().kind(), ErrorKind::Unreachable);
}

#[test]
fn a_store_outlives_the_runtime_that_opened_it() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = runtime().block_on(open(dir.path()));
    runtime().block_on(async {
        store.put(key(1), entry(1, 1000)).await;
        store.flush().await;
    });
    assert_eq!(runtime().block_on(store.get(&key(1))), Some(entry(1, 1000)));
    runtime().block_on(store.close());
}

#[tokio::test]
async fn a_full_disk_gives_misses_and_is_used_again_when_it_has_space() {
    let Some(small) = SmallDisk::mount(4 << 20) else { return };
    let config = config(small.path());
    let cache = async || {
        Cache::open(&config, CacheName::Originals, &Coordinator::open(&config).unwrap()).await.unwrap()
    };
    let fresh = |n| {
        let mut entry = CacheEntry::clone(&entry(n, 100_000));
        entry.meta.stored_at = result_cache::clock::now();
        Arc::new(entry)
    };
    let full = cache().await;
    let kept = fresh(1);
    full.put(key(1), Arc::clone(&kept)).await;
    assert!(full.verify_stored(&key(1), &kept).await);

    small.fill();
    let lost = fresh(2);
    full.put(key(2), Arc::clone(&lost)).await;
    assert!(!full.verify_stored(&key(2), &lost).await);
    assert!(full.get(&key(2), STORED).await.is_some(), "memory has it nevertheless");
    assert!(full.stats().tier(Tier::Disk).unwrap().failures > 0);
    full.close().await;
    drop(full);

    // the cache opens on a full disk
    let full = cache().await;
    full.put(key(2), Arc::clone(&lost)).await;
    assert!(full.get(&key(2), STORED).await.is_some());
    full.close().await;
    drop(full);

    small.drain();
    let drained = cache().await;
    drained.put(key(2), Arc::clone(&lost)).await;
    assert!(drained.verify_stored(&key(2), &lost).await);
    drained.close().await;
}
