//! The configuration as a whole: all sections, and what is derived from several of them.

use std::collections::BTreeMap;

use config_types::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    admin::Admin,
    client_hints::ClientHints,
    cors::Cors,
    errors::Errors,
    params::Params,
    playground::Playground,
    sections::{Listen, Workers},
    sentry::Sentry,
    telemetry::Telemetry,
    uploads::Uploads,
    vision::Vision,
};
use crate::{
    render::{
        Limits,
        memory::{self, Held, Machine},
    },
    telemetry::logs::Logs,
};

/// The configuration.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The public listener, which serves images.
    pub listen: Listen,
    /// The admin listener.
    pub admin: Admin,
    /// Where originals come from.
    pub origin: origin::Config,
    /// Further origins by name, each with the keys of `origin` that say how to fetch, and with `path_prefix`, `hosts` or
    /// both: `[origins.shop]`, `url = "https://shop.example.com/images"`, `path_prefix = "/shop"`.
    pub origins: BTreeMap<String, origin::Config>,
    /// Which parameters and sizes requests may use.
    pub params: Params,
    /// Cross-origin resource sharing.
    pub cors: Cors,
    /// Error responses.
    pub errors: Errors,
    /// Request headers that describe the client's screen.
    pub client_hints: ClientHints,
    /// Limits on pictures and requests.
    pub limits: image_api::settings::Limits,
    /// How pictures are encoded.
    pub output: image_api::settings::Output,
    /// How animations are treated.
    pub animation: image_api::settings::Animation,
    /// Fields about the server in descriptions of pictures (`meta=true`).
    pub meta: image_api::settings::Meta,
    /// Decoders and encoders beside libvips.
    pub codecs: image_api::settings::Codecs,
    /// Defaults of `quality=auto`.
    pub quality_auto: image_api::settings::QualityAuto,
    /// The second pass: often requested results are encoded again with slow settings.
    pub refine: image_api::settings::Refine,
    /// The caches: what is cached, in which tiers, and for how long.
    pub cache: result_cache::Config,
    /// The render threads.
    pub workers: Workers,
    /// Uploads, and asynchronous requests.
    pub uploads: Uploads,
    /// The models that analyse pictures.
    pub vision: Vision,
    /// The playground: a page on which people try parameters out.
    pub playground: Playground,
    /// Logging.
    pub logs: Logs,
    /// Export to an OpenTelemetry collector.
    pub telemetry: Telemetry,
    /// Reporting of errors to Sentry.
    pub sentry: Sentry,
}

impl Config {
    /// The problems of all sections; empty if the configuration is valid.
    pub fn problems(&self) -> Vec<Problem> {
        [
            self.listen.problems(),
            self.admin.problems(),
            self.address_problem().into_iter().collect(),
            self.origin.problems(),
            origin::named_problems(&self.origins),
            self.params.problems(),
            self.cors.problems(),
            self.errors.problems(),
            self.client_hints.problems(),
            self.limits.problems(),
            self.output.problems(),
            self.quality_auto.problems(),
            self.refine.problems(),
            self.cache.problems(),
            self.workers.problems(),
            self.uploads.problems(&[self.listen.address, self.admin.address]),
            self.vision.problems(),
            self.playground.problems(),
            self.logs.problems(),
            self.telemetry.problems(),
            self.sentry.problems(),
        ]
        .concat()
    }

    /// The listeners cannot share a port of an address.
    fn address_problem(&self) -> Option<Problem> {
        let (public, admin) = (self.listen.address, self.admin.address);
        let overlap =
            public.ip() == admin.ip() || public.ip().is_unspecified() || admin.ip().is_unspecified();
        let expected = format_args!("another port than listen.address, {public}");
        (public.port() != 0 && public.port() == admin.port() && overlap)
            .then(|| Problem::expected("admin.address", expected, admin))
    }

    /// Whether any request can find an original: an origin is configured, or requests may name one, or uploads are on.
    pub fn has_origin(&self) -> bool {
        let is_named = self.origins.values().any(|origin| !origin.url.is_empty());
        is_named || !self.origin.url.is_empty() || self.origin.allow_dynamic || self.uploads.enabled
    }

    /// The limits of the render pool. If `workers.memory` is not set, it is derived from the memory of the system.
    pub fn pool_limits(&self) -> Limits {
        let threads = self.workers.thread_count();
        let uploads = if self.uploads.enabled { self.uploads.max_memory.as_u64() } else { 0 };
        let memory = match self.workers.memory.as_u64() {
            0 => {
                let caches = self.cache.memory.max_bytes.as_u64();
                memory::budget(Machine::ask(), Held { caches, uploads, threads })
            }
            bytes => bytes,
        };
        let Workers { queue, shares, .. } = &self.workers;
        Limits { threads, queue: *queue, memory, deadline: self.limits.deadline, shares: shares.by_class() }
    }

    /// The settings for planning and rendering.
    pub fn settings(&self) -> image_api::Settings {
        image_api::Settings {
            limits: self.limits.clone(),
            output: image_api::settings::Output {
                never_larger: self.output.never_larger && self.params.allow_original,
                ..self.output.clone()
            },
            animation: self.animation.clone(),
            meta: self.meta.clone(),
            codecs: self.codecs.clone(),
            quality_auto: self.quality_auto.clone(),
            refine: self.refine.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_defaults_have_no_problems() {
        assert_eq!(Config::default().problems(), []);
    }

    #[test]
    fn the_listeners_need_ports_of_their_own() {
        for (public, admin, fine) in [
            ("0.0.0.0:8080", "127.0.0.1:8080", false),
            ("127.0.0.1:8080", "[::]:8080", false),
            ("10.0.0.1:8080", "10.0.0.1:8080", false),
            ("10.0.0.1:8080", "10.0.0.2:8080", true),
            ("0.0.0.0:8080", "0.0.0.0:8081", true),
            ("127.0.0.1:0", "127.0.0.1:0", true),
        ] {
            let mut config = Config::default();
            config.listen.address = public.parse().unwrap();
            config.admin.address = admin.parse().unwrap();
            let problems = config.problems();
            assert_eq!(problems.is_empty(), fine, "{public} {admin}");
            assert!(problems.iter().all(|problem| problem.key == "admin.address"), "{problems:?}");
        }
    }

    #[test]
    fn problems_of_all_sections_come_together() {
        let mut config = Config::default();
        config.listen.keep_alive = Duration::ZERO;
        config.origin.max_connections = 0;
        config.params.defaults = "width=x".to_owned();
        config.errors.help_url = "nonsense".to_owned();
        config.limits.max_side = 0;
        config.output.gif_effort = 0;
        config.quality_auto.min = 0;
        config.refine.after = 0;
        config.cache.memory.originals_percent = 101;
        config.workers.threads = usize::MAX;
        config.workers.shares.warming = 0;
        config.logs.filter = "=".to_owned();
        config.telemetry.otlp.sample_ratio = 2.0;
        config.sentry.dsn = "nonsense".into();
        let problems = config.problems();
        let sections = [
            "listen",
            "origin",
            "params",
            "errors",
            "limits",
            "output",
            "quality_auto",
            "refine",
            "cache",
            "workers",
            "logs",
            "telemetry",
            "sentry",
        ];
        for section in sections {
            let key = format!("{section}.");
            assert!(problems.iter().any(|problem| problem.key.starts_with(&key)), "{section}: {problems:#?}");
        }
    }
}
