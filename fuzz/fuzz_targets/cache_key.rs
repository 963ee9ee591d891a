//! Cache keys: equal lists of parts have equal keys, and different lists have different keys, wherever a part ends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use result_cache::Key;

fuzz_target!(|input: (Vec<&[u8]>, Vec<&[u8]>)| {
    let (left, right) = input;
    assert_eq!(Key::from_parts(&left) == Key::from_parts(&right), left == right, "{left:?} and {right:?}");
    // the same bytes, divided elsewhere
    let joined = left.concat();
    assert_eq!(Key::from_parts(&left) == Key::from_parts(&[&joined]), left.len() == 1, "{left:?}");
});
