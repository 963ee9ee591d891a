//! What the playground shows of a variant beside the picture: its plan, and how similar it is to the rendered pixels.

use std::{rc::Rc, time::Instant};

use vips_ops::{Assets, cost};

use super::{Variants, build::VariantBuilder};
use crate::{
    error::Error,
    model::variant::{VariantJob, VariantRequest},
    overlays::ServeVariant,
    render::Done,
};

/// The plan of a variant, and the original that it was made for.
#[derive(Debug)]
pub struct Explanation {
    /// The plan; none if the bytes of the original are of no known format.
    pub outline: Option<cost::Outline>,
    /// Size of the original in bytes.
    pub original_bytes: usize,
}

impl Variants {
    /// Explains a variant from its original's header. Nothing is decoded or rendered.
    ///
    /// # Errors
    ///
    /// Those of the origin and of the parameters.
    pub async fn explain(self: &Rc<Self>, request: &VariantRequest) -> Result<Explanation, Error> {
        let VariantBuilder { originals, context, .. } = &self.builder;
        let original = originals.get(&request.target).await?.entry.body.clone();
        let VariantRequest { params, accept, .. } = request;
        let outline = cost::outline(params, &original, &Assets::default(), *accept, &context.settings)?;
        Ok(Explanation { outline, original_bytes: original.len() })
    }

    /// SSIMULACRA2 of a variant, which is served or built first, against the pixels that were rendered for it. None if it is not
    /// compared, or has changed meanwhile.
    ///
    /// # Errors
    ///
    /// Those of serving the variant, of the queue and of the render.
    pub async fn score(self: &Rc<Self>, request: VariantRequest) -> Result<Option<f64>, Error> {
        let deadline = Instant::now() + self.deadline;
        let entry = self.serve(request.clone()).await?.entry;
        let Some(etag) = entry.meta.etag.as_deref() else { return Ok(None) };
        let key = self.names.key(&request);
        let identity = self.names.origins.identity(&request.target);
        let job =
            VariantJob { request, key, coalescing_key: key, identity, stale: None, uploaded: None, deadline };
        let variants: &dyn ServeVariant = self;
        let scored = self.builder.score(&job, (&entry.body, etag), variants).await?;
        Ok(scored.and_then(|Done { value, .. }| value))
    }
}
