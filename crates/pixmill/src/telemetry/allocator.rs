//! Memory of the allocator of this process. Which allocator it is, the binary knows: it passes a function that reads its
//! statistics.

use std::sync::OnceLock;

/// Memory of the allocator in bytes, by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllocatorMemory {
    /// In use by the program.
    pub allocated: usize,
    /// In pages that hold memory in use.
    pub active: usize,
    /// In physical memory: active pages, pages that may be returned, and the allocator's own data.
    pub resident: usize,
    /// In active extents that are mapped.
    pub mapped: usize,
    /// Returned to the system, but still reserved as addresses.
    pub retained: usize,
    /// The allocator's own data.
    pub metadata: usize,
}

/// Reads the statistics; none if the allocator has none.
pub type Reader = fn() -> Option<AllocatorMemory>;

static READER: OnceLock<Reader> = OnceLock::new();

/// Says how to read the statistics of the allocator. The first call counts.
pub fn install(reader: Reader) {
    let _ = READER.set(reader);
}

/// The memory of the allocator; none if no reader was installed, or if the allocator has no statistics.
pub fn measure() -> Option<AllocatorMemory> {
    READER.get().and_then(|read| read())
}

impl AllocatorMemory {
    /// The number of bytes by the name of the state.
    pub fn by_state(&self) -> [(&'static str, usize); 6] {
        [
            ("allocated", self.allocated),
            ("active", self.active),
            ("resident", self.resident),
            ("mapped", self.mapped),
            ("retained", self.retained),
            ("metadata", self.metadata),
        ]
    }
}
