//! Images that a request references besides its original.

use crate::{
    params::{
        Params,
        output::format::Format,
        spec::Invalid,
        value::layer::Content,
        value::url::{self, Url},
    },
    settings::Limits,
};

/// Deepest nesting of overlays within overlays.
pub const MAX_DEPTH: u32 = 3;

/// A referenced image, to be fetched.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The parameter that references it.
    pub parameter: &'static str,
    /// Its URL, which also identifies it among the assets.
    pub url: Url,
    /// The parameters in its URL; empty if it is used unprocessed.
    pub params: Params,
    /// Whether the request fails without it.
    pub required: bool,
}

/// Every image that a request draws over its original, each once.
///
/// Checks everything that can be checked before fetching: number and nesting depth of layers, and all parameters in
/// their URLs.
pub fn links(params: &Params, limits: &Limits) -> Result<Vec<Link>, Invalid> {
    let mut budget = limits.max_layers;
    walk(params, limits.max_layers, &mut budget, 1)
}

/// The query strings in the URLs of overlays, if present.
pub(crate) fn carried(params: &Params) -> impl Iterator<Item = &str> {
    let layers = params.layers.iter().flat_map(|layers| &layers.0);
    let urls = layers.filter_map(|layer| match &layer.content {
        Content::Picture(url) => Some(url),
        Content::Text(_) => None,
    });
    let urls = urls.chain(params.mark.iter().map(|mark| &mark.0));
    urls.filter_map(|url| match url {
        Url::Relative { query, .. } => Some(query.as_str()),
        Url::Absolute(_) => None,
    })
}

fn walk(params: &Params, most: u32, budget: &mut u32, depth: u32) -> Result<Vec<Link>, Invalid> {
    let mut links: Vec<Link> = Vec::new();
    let layers = params.layers.iter().flat_map(|layers| &layers.0);
    let layers = layers.map(|layer| match &layer.content {
        Content::Picture(url) => Some((url, layer.required, layer.alpha)),
        Content::Text(_) => None,
    });
    for layer in layers {
        *budget = budget.checked_sub(1).ok_or_else(|| {
            Invalid::new("layers", "more", format!("at most {most} layers, those that layers carry included"))
        })?;
        let Some((url, required, alpha)) = layer else { continue };
        let link = link("layers", url, required, (most, &mut *budget, depth))?;
        links.extend((alpha > 0.0 || required).then_some(link));
    }
    if let Some(mark) = &params.mark {
        let required = params.mark_required.is_some_and(|required| required.0);
        let link = link("mark", &mark.0, required, (most, budget, depth))?;
        let shows = params.mark_alpha.is_none_or(|alpha| alpha.0 > 0.0);
        links.extend((shows || required).then_some(link));
    }
    Ok(once_each(links))
}

fn link(
    parameter: &'static str,
    url: &Url,
    required: bool,
    (most, budget, depth): (u32, &mut u32, u32),
) -> Result<Link, Invalid> {
    let mut name = String::new();
    url::canonical(url, &mut name);
    let Url::Relative { query, .. } = url else {
        return Ok(Link { parameter, url: url.clone(), params: Params::default(), required });
    };
    if depth > MAX_DEPTH {
        let expected = format!("overlays that carry overlays at most {MAX_DEPTH} deep");
        return Err(Invalid::new(parameter, &name, expected));
    }
    let unread = |invalid: Invalid| {
        // errors of nested overlays have this form already
        let deeper = matches!(invalid.parameter, "layers" | "mark").then_some(invalid.clone());
        deeper.unwrap_or_else(|| Invalid::new(parameter, &name, format!("in its URL {invalid}")))
    };
    let mut params = Params::parse(query).map_err(unread)?.params;
    walk(&params, most, budget, depth + 1)?;
    let undecided = matches!(params.format, None | Some(Format::Mp4)) && params.force_jpg.is_none();
    if !params.is_empty() && undecided {
        // losslessly encoded, with alpha
        params.format = Some(Format::Png);
    }
    Ok(Link { parameter, url: url.clone(), params, required })
}

fn once_each(links: Vec<Link>) -> Vec<Link> {
    let mut once: Vec<Link> = Vec::with_capacity(links.len());
    for link in links {
        match once.iter_mut().find(|known| known.url == link.url) {
            Some(known) => known.required |= link.required,
            None => once.push(link),
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(query: &str) -> Result<Vec<Link>, Invalid> {
        links(&Params::parse(query).unwrap().params, &Limits::default())
    }

    fn told(query: &str) -> String {
        found(query).unwrap_err().to_string()
    }

    /// An overlay with nested overlays, `depth` levels in total.
    fn nested(depth: usize) -> String {
        "mark=/a.png".to_owned() + &"?mark=/a.png".repeat(depth - 1)
    }

    #[test]
    fn each_image_is_listed_once() {
        let links = found(
            "layers=[{\"url\":\"/a.png\"},{\"text\":\"x\"},{\"url\":\"/b.png?width=5\"},\
             {\"url\":\"a.png\",\"required\":true},{\"url\":\"/c.png\",\"alpha\":0}]&mark=/b.png",
        )
        .unwrap();
        let told: Vec<_> = links.iter().map(|link| (link.params.canonical(), link.required)).collect();
        let expected = [("", true), ("width=5&format=png", false), ("", false)];
        assert_eq!(told, expected.map(|(params, required)| (params.to_owned(), required)));
        assert_eq!(found("mark=/a.gif?format=mp4").unwrap()[0].params.canonical(), "format=png");
        assert_eq!(found("width=5").unwrap(), []);
        assert_eq!(found("mark=/a.png&mark_alpha=0").unwrap(), []);
    }

    #[test]
    fn depth_and_number_are_bounded() {
        assert_eq!(found(&nested(3)).unwrap().len(), 1);
        assert!(told(&nested(4)).contains("at most 3 deep"), "{}", told(&nested(4)));
        assert!(found(&nested(600)).is_err());
        let layers = |count| format!("layers=[{}]", vec!["{\"text\":\"x\"}"; count].join(","));
        assert!(found(&layers(20)).is_ok());
        let refused = found(&layers(21)).unwrap_err();
        assert_eq!(refused.parameter, "layers");
        assert!(refused.expected.contains("at most 20 layers"), "{refused}");
        let carried = "layers=[{\"text\":\"x\"},{\"url\":\"/a.png?layers=[".to_owned()
            + &["{\\\"text\\\":\\\"x\\\"}"; 19].join(",")
            + "]\"}]";
        assert!(found(&carried).is_err());
    }

    #[test]
    fn parameters_in_urls_are_checked() {
        let refused = found("mark=/a.png?width=big").unwrap_err();
        assert_eq!(refused.parameter, "mark");
        assert!(refused.expected.contains("width: expected a whole number"), "{refused}");
    }
}
