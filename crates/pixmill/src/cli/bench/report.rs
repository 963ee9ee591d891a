//! What `pixmill bench` measured, as JSON and as a table.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// The figures of one machine and one binary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchReport {
    /// Version of the program.
    pub version: String,
    /// Version of the linked libvips.
    pub libvips: String,
    /// Whether the binary was built with optimisation.
    pub optimized: bool,
    /// Renders that ran at the same time.
    pub threads: usize,
    /// The original.
    pub original: BenchOriginal,
    /// One cell per format and width.
    pub renders: Vec<BenchRender>,
}

/// The original of all renders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchOriginal {
    /// The file, or that it is the built-in one.
    pub name: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bytes of the encoded original.
    pub bytes: u64,
}

/// The renders of one format and width.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchRender {
    /// The name of the format in `format=`.
    pub format: String,
    /// Width of the result in pixels.
    pub width: u32,
    /// Renders per second of all threads together.
    pub renders_per_second: f64,
    /// CPU time of one render, user and system, in milliseconds.
    pub cpu_ms: f64,
    /// Bytes of one result.
    pub bytes: u64,
    /// The renders that were measured.
    pub renders: u64,
}

impl BenchReport {
    /// A table for people.
    pub fn table(&self) -> String {
        let BenchOriginal { name, width, height, bytes } = &self.original;
        let mut text =
            format!("original: {name}, {width} × {height}, {bytes} bytes; {} threads\n\n", self.threads);
        text += "format   width   renders/s   CPU ms per render   bytes of a result\n";
        for BenchRender { format, width, renders_per_second, cpu_ms, bytes, .. } in &self.renders {
            let line = writeln!(
                text,
                "{format:6}  {width:>6}  {renders_per_second:>10.1}  {cpu_ms:>18.2}  {bytes:>18}"
            );
            line.expect("invariant: a string can be written");
        }
        if !self.optimized {
            text += "\nnote: this binary was built without optimisation, a release build is faster\n";
        }
        text
    }
}
