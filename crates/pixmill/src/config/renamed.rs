//! Renamed keys: those of earlier builds, and the settings of the Imagizer engine.

/// Settings of the Imagizer engine, without case and separators, and the keys to use instead.
const IMAGIZER: [(&str, &str); 19] = [
    ("allowdynamicorigin", "origin.allow_dynamic"),
    ("allowsourceurl", "origin.allow_dynamic"),
    ("autoquality", "quality_auto"),
    ("autoqualityattempts", "quality_auto.attempts"),
    ("autoqualitymax", "quality_auto.max"),
    ("autoqualitymethod", "quality_auto.method"),
    ("autoqualitymin", "quality_auto.min"),
    ("autoqualitypreset", "quality_auto.preset"),
    ("autoqualitypresets", "quality_auto.ssim and the lists of the other methods"),
    ("awsauthorization", "origin.bucket.access_key_id and origin.bucket.secret_access_key"),
    ("bucketallowed", "origin.buckets_allowed"),
    ("bucketsallowed", "origin.buckets_allowed"),
    ("hostnameallowed", "origin.hosts_allowed"),
    ("hostnamesallowed", "origin.hosts_allowed"),
    ("hostsallowed", "origin.hosts_allowed"),
    ("imageparamsallowed", "params.allowed, and params.defaults for what all pictures get"),
    ("presetcolors", "params.preset_colors"),
    ("sourceurl", "origin.allow_dynamic, without which source_url is refused"),
    ("sourceurlenabled", "origin.allow_dynamic, without which source_url is refused"),
];

/// The key to use instead of an unknown one, by its last name or by all of its names together.
pub fn successor(key: &str) -> Option<&'static str> {
    let squeezed = |text: &str| text.to_lowercase().replace(['_', '-', ' ', '.'], "");
    let names = [squeezed(key), squeezed(key.rsplit('.').next().unwrap_or(key))];
    IMAGIZER.iter().find(|(old, _)| names.iter().any(|name| name == old)).map(|(_, new)| *new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_imagizer_engine_are_known_in_any_spelling() {
        for (key, expected) in [
            ("bucketsAllowed", Some("origin.buckets_allowed")),
            ("buckets_allowed", Some("origin.buckets_allowed")),
            ("BUCKETS-ALLOWED", Some("origin.buckets_allowed")),
            ("aws.bucketsAllowed", Some("origin.buckets_allowed")),
            ("allowDynamicOrigin", Some("origin.allow_dynamic")),
            ("Hostname Allowed", Some("origin.hosts_allowed")),
            ("presetColors", Some("params.preset_colors")),
            ("autoQuality.min", Some("quality_auto.min")),
            ("colour", None),
        ] {
            assert_eq!(successor(key), expected, "{key}");
        }
    }
}
