//! Percentages on the command line, and lists of shares such as `avif=60%,jpeg=40%`.

use std::{fmt::Display, str::FromStr};

/// Shares may miss 100 % by this much: three times a third is given as 33.3%.
const ROUNDING: f64 = 0.002;

/// A part of a whole, from 0 to 1. Written with a percent sign, so that nobody mistakes 0.95 for 0.95 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percent(pub f64);

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_suffix('%').filter(|number| number.parse::<f64>().is_ok());
        // divided in decimal, since 99.9 / 100 is not 0.999
        let share = number.and_then(|number| format!("{number}e-2").parse().ok());
        share
            .filter(|share| (0.0..=1.0).contains(share))
            .map(Self)
            .ok_or_else(|| "expected a percentage from 0% to 100%".to_owned())
    }
}

/// One item of a list of shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Share<T> {
    /// What it is a share of.
    pub of: T,
    /// From 0 to 1.
    pub share: f64,
}

impl<T: FromStr> FromStr for Share<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected a name and a percentage such as avif=60% or 512=40%";
        let (of, share) = text.split_once('=').ok_or(expected)?;
        let of = of.parse().map_err(|_| expected)?;
        Ok(Self { of, share: share.parse::<Percent>()?.0 })
    }
}

/// Checks a list of shares: each item once, and all together 100 %. `option` names the list in the error.
pub fn check<T: PartialEq + Display>(option: &str, shares: &[Share<T>]) -> Result<(), String> {
    for (index, Share { of, .. }) in shares.iter().enumerate() {
        if shares[..index].iter().any(|other| other.of == *of) {
            return Err(format!("{option} has {of} twice"));
        }
    }
    let sum: f64 = shares.iter().map(|share| share.share).sum();
    if (sum - 1.0).abs() > ROUNDING {
        return Err(format!("the shares of {option} add up to {:.1}%, expected 100%", 100.0 * sum));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_a_sign_and_a_range() {
        for (text, expected) in
            [("95%", Some(0.95)), ("0%", Some(0.0)), ("100%", Some(1.0)), ("99.9%", Some(0.999))]
        {
            assert_eq!(text.parse::<Percent>().ok().map(|percent| percent.0), expected, "{text}");
        }
        for text in ["0.95", "95", "-1%", "100.1%", "NaN%", "%", ""] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }

    #[test]
    fn shares_are_of_distinct_items_and_complete() {
        let shares =
            |text: &str| text.split(',').map(|share| share.parse().unwrap()).collect::<Vec<Share<u32>>>();
        assert_eq!(check("--widths", &shares("200=50%,512=50%")), Ok(()));
        assert_eq!(check("--widths", &shares("1=33.3%,2=33.3%,3=33.3%")), Ok(()));
        let twice = check("--widths", &shares("200=50%,200=50%"));
        assert_eq!(twice, Err("--widths has 200 twice".to_owned()));
        let short = check("--widths", &shares("200=50%,512=40%"));
        assert_eq!(short, Err("the shares of --widths add up to 90.0%, expected 100%".to_owned()));
        for text in ["200", "x=50%", "200=50"] {
            assert!(text.parse::<Share<u32>>().is_err(), "{text}");
        }
    }
}
