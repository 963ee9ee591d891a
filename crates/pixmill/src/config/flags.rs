//! The layer of the command line, which overrides all others.

use clap::Args;

use super::{layer::Setting, value::LayerValue};

/// The keys that have a command-line option.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    /// Address and port for images; port 0 picks a free one [overrides listen.address]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Address and port for operators; port 0 picks a free one [overrides admin.address]
    #[arg(long, value_name = "ADDR")]
    pub admin_listen: Option<String>,
    /// Where originals come from: an http(s) URL or a folder [overrides origin.url]
    #[arg(long, value_name = "URL|DIR")]
    pub origin: Option<String>,
    /// Serves a page at / and /playground to try parameters out [sets playground.enabled and playground.landing]
    #[arg(long)]
    pub playground: bool,
}

impl Flags {
    pub(super) fn settings(&self) -> Vec<Setting> {
        let on = self.playground.then(|| "true".to_owned());
        [
            ("--listen", "listen.address", &self.listen),
            ("--admin-listen", "admin.address", &self.admin_listen),
            ("--origin", "origin.url", &self.origin),
            ("--playground", "playground.enabled", &on),
            ("--playground", "playground.landing", &on),
        ]
        .into_iter()
        .filter_map(|(flag, key, value)| {
            let key = key.split('.').map(str::to_owned).collect();
            Some(Setting { key, value: LayerValue::Text(value.clone()?), source: flag.to_owned() })
        })
        .collect()
    }
}
