//! The canonical form: parsing it gives the same parameters, unclamped, and it is its own canonical form.

#![no_main]

use image_api::Params;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    let Ok(parsed) = Params::parse(query) else { return };
    let canonical = parsed.params.canonical();
    let again = Params::parse(&canonical).expect("a canonical form is valid");
    assert_eq!(again.params, parsed.params, "parse(canonical(x)) is x: {canonical}");
    assert!(again.clamped.is_empty(), "a canonical value is in range: {:?} in {canonical}", again.clamped);
    assert_eq!(again.params.canonical(), canonical, "a canonical form is its own");
    let pairs: Vec<(String, String)> =
        parsed.params.pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let sent = Params::from_pairs(&pairs).expect("pairs of valid parameters are valid");
    assert_eq!(sent, parsed.params, "a worker process receives the same parameters: {pairs:?}");
});
