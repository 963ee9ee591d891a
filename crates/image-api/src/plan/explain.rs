//! The plan as text: one line per step.

use std::fmt::{self, Display, Formatter};

use super::{
    encode::{Encoding, Metadata},
    load::Load,
    model::{Passthrough, Plan},
};
use crate::{format::OutputFormat, source::SourceFormat};

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.passthrough {
            Passthrough::Always => return write!(f, "answer the original as it is: {}", self.size),
            Passthrough::Stripped => {
                return write!(f, "answer the original without its metadata: {}", self.size);
            }
            Passthrough::Never | Passthrough::IfSmaller => {}
        }
        writeln!(f, "{}", self.load)?;
        for step in self.steps.iter().filter(|step| !step.is_implicit()) {
            writeln!(f, "{step}")?;
        }
        write!(f, "{}: {}", self.encode, self.size)?;
        if self.passthrough == Passthrough::IfSmaller {
            write!(f, ", or the original if that is smaller")?;
        }
        Ok(())
    }
}

impl Display for Load {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "load {:?}", self.format)?;
        if let Some(codec) = self.codec {
            write!(f, " by {}", codec.name())?;
        }
        if self.thumbnail.is_some() {
            write!(f, ", its smaller copy")?;
        }
        if self.shrink > 1 {
            write!(f, ", decode at 1/{}", self.shrink)?;
        }
        if self.format == SourceFormat::Svg {
            write!(f, ", rasterise at {:.4}", self.scale)?;
        }
        if self.frames > 1 {
            write!(f, ", {} frames", self.frames)?;
        }
        write!(f, ": {}", self.size)
    }
}

impl Display for Encoding {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "encode {:?}", self.format)?;
        if let Some(codec) = self.codec {
            write!(f, " by {}", codec.name())?;
        }
        match (self.format, self.search) {
            (OutputFormat::Png | OutputFormat::Gif, _) => {}
            (OutputFormat::Mp4, _) => write!(f, ", quantiser {}", self.quality)?,
            (_, Some(search)) => write!(f, ", {search}")?,
            (_, None) => write!(f, ", quality {}", self.quality)?,
        }
        if self.palette {
            write!(f, ", with a palette if it has few colours")?;
        }
        if self.interlace {
            write!(f, ", interlaced")?;
        }
        if self.metadata == Metadata::Profile {
            write!(f, ", without metadata")?;
        }
        Ok(())
    }
}
