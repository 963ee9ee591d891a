//! How the capacity on disk is divided into blocks, and the engine for it.

use std::path::PathBuf;

use foyer::{
    BlockEngineConfig, DeviceBuilder, FsDeviceBuilder, HybridCache, HybridCacheBuilder, HybridCachePolicy,
    PsyncIoEngineConfig, RecoverMode, Result,
};
use tokio::runtime::Handle;

use super::record::{DiskKey, DiskValue};

/// The cache of the engine. Its own memory tier is never filled: ours is in front of it.
pub(super) type Blocks = HybridCache<DiskKey, DiskValue>;

const PAGE: usize = 4096;
const MIB: usize = 1 << 20;
/// Each block is an open file; this many stay well below the usual limit of 1024.
const MAX_BLOCKS: usize = 256;
/// Whole blocks are freed, so several more than the one being written are needed to keep any entry.
const MIN_BLOCKS: usize = 8;
/// Offsets in a block are 32 bits wide.
const MAX_BLOCK: usize = 1 << 30;
/// Bytes of a block besides its entry: an index page, a header, the key, and rounding up to pages.
const OVERHEAD: usize = 16 * PAGE;
/// Size of the buffer for entries to be written; entries that come while it is full are dropped. The engine has two such
/// buffers.
const BUFFER: usize = 16 * MIB;

/// The sizes that determine the layout of the blocks and the buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    /// Bytes of all files together.
    pub(super) capacity: usize,
    /// Bytes of one block, the unit of eviction.
    pub(super) block: usize,
    /// Bytes of the largest entry.
    entry: usize,
}

impl Sizes {
    /// Divides the capacity into blocks: each holds the largest entry, unless the capacity is too small for that.
    pub(super) fn new(max_bytes: u64, max_entry_bytes: u64) -> Self {
        let capacity = pages(usize::try_from(max_bytes).unwrap_or(usize::MAX));
        let entry = usize::try_from(max_entry_bytes).unwrap_or(usize::MAX).saturating_add(OVERHEAD);
        let wanted = entry.max(MIB).max(capacity / MAX_BLOCKS);
        let block = pages(wanted.min(capacity / MIN_BLOCKS).min(MAX_BLOCK)).max(PAGE);
        Self { capacity, block, entry: entry.min(block) }
    }

    /// The weight of the largest entry that fits.
    pub(super) fn max_weight(self) -> usize {
        self.entry.saturating_sub(OVERHEAD)
    }
}

/// Opens the blocks and reads their indexes; a block that cannot be read starts empty.
pub(super) async fn open(folder: PathBuf, sizes: Sizes, threads: Handle) -> Result<Blocks> {
    let device = FsDeviceBuilder::new(folder).with_capacity(sizes.capacity).build()?;
    let buffer = BUFFER.min(2 * sizes.block).max(sizes.entry);
    let engine = BlockEngineConfig::new(device)
        .with_block_size(sizes.block)
        .with_buffer_pool_size(buffer.next_multiple_of(PAGE))
        .with_submit_queue_size_threshold(buffer)
        // removed entries must not come back after a restart
        .with_tombstone_log(true);
    HybridCacheBuilder::new()
        .with_policy(HybridCachePolicy::WriteOnInsertion)
        .with_flush_on_close(false)
        .memory(1)
        .with_shards(1)
        .storage()
        .with_spawner(threads.into())
        .with_io_engine_config(PsyncIoEngineConfig::new())
        .with_engine_config(engine)
        .with_recover_mode(RecoverMode::Quiet)
        .build()
        .await
}

fn pages(bytes: usize) -> usize {
    bytes - bytes % PAGE
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = MIB as u64;

    #[test]
    fn the_largest_entry_fits_if_the_capacity_allows() {
        for (max_bytes, max_entry) in
            [(1 << 40, 16 * MB), (10 << 30, 16 * MB), (1 << 30, 16 * MB), (64 * MB, 5 * MB)]
        {
            let sizes = Sizes::new(max_bytes, max_entry);
            assert_eq!(sizes.max_weight() as u64, max_entry, "{sizes:?}");
        }
    }

    #[test]
    fn blocks_are_neither_too_many_nor_too_few() {
        for shift in 24..42 {
            for max_entry in [1, MB, 16 * MB, 1024 * MB] {
                let sizes = Sizes::new(1 << shift, max_entry);
                let blocks = sizes.capacity / sizes.block;
                let most = MAX_BLOCKS.max(sizes.capacity / MAX_BLOCK) + 1;
                assert!((MIN_BLOCKS..=most).contains(&blocks), "{blocks} blocks, {sizes:?}");
                assert!(sizes.block.is_multiple_of(PAGE) && sizes.max_weight() > 0, "{sizes:?}");
            }
        }
    }
}
