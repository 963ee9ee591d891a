//! Query strings: any text is parsed or refused, under lenient and strict rules, and what is refused has a message.

#![no_main]

use image_api::Params;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    match Params::parse(query) {
        Ok(parsed) => assert_eq!(parsed.params.is_empty(), parsed.params.canonical().is_empty()),
        Err(invalid) => assert!(!invalid.to_string().is_empty()),
    }
});
