//! The plan in words.

use std::fmt::{self, Display, Formatter};

use super::{Paint, Plan, Window, encode::Metadata, passthrough::Passthrough};
use crate::format::OutputFormat;
use crate::source::{Profile, SourceFormat};

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.passthrough == Passthrough::Always {
            return write!(f, "answer the original as it is: {}", self.size);
        }
        if self.passthrough == Passthrough::Stripped {
            return write!(f, "answer the original without its metadata: {}", self.size);
        }
        self.explain_load(f)?;
        self.explain_geometry(f)?;
        for tone in &self.tone {
            writeln!(f, "{tone}")?;
        }
        if let Some(sigma) = self.blur {
            writeln!(f, "blur, sigma {sigma:.2} px")?;
        }
        if let Some(sharpen) = self.sharpen {
            writeln!(f, "sharpen by {:.2}, sigma {:.2} px", sharpen.strength, sharpen.sigma)?;
        }
        for overlay in &self.overlays {
            writeln!(f, "{overlay}")?;
        }
        if self.pad > 0 {
            writeln!(f, "pad {} px on each side", self.pad)?;
        }
        if self.paints != Paint::Nothing {
            let [red, green, blue, alpha] = self.background_bytes();
            writeln!(f, "paint #{red:02x}{green:02x}{blue:02x}{alpha:02x}")?;
        }
        if self.flatten {
            let [red, green, blue, _] = self.background_bytes();
            writeln!(f, "flatten onto #{red:02x}{green:02x}{blue:02x}")?;
        }
        self.explain_output(f)
    }
}

impl Plan {
    fn background_bytes(&self) -> [u8; 4] {
        let colour = self.background;
        [colour.red, colour.green, colour.blue, colour.alpha]
    }

    fn explain_load(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let load = &self.load;
        write!(f, "load {:?}", load.format)?;
        if load.reduction.is_some() {
            write!(f, ", its smaller copy")?;
        }
        if load.shrink > 1 {
            write!(f, ", decode at 1/{}", load.shrink)?;
        }
        if load.format == SourceFormat::Svg {
            write!(f, ", rasterise at {:.4}", load.scale)?;
        }
        if load.frames > 1 {
            write!(f, ", {} frames", load.frames)?;
        }
        writeln!(f, ": {}", load.size)
    }

    fn explain_geometry(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.redeye.is_empty() {
            writeln!(f, "correct what is red of {} eyes", self.redeye.len())?;
        }
        if let Some(rect) = self.extract {
            writeln!(f, "keep {rect}")?;
        }
        match (self.resize, self.resize_from) {
            (Some(size), Some(from)) => {
                writeln!(f, "resize {:.3} × {:.3} to {size}", from.width, from.height)?;
            }
            (Some(size), None) => writeln!(f, "resize to {size}")?,
            (None, _) => {}
        }
        if let Some(rect) = self.cut {
            writeln!(f, "cut {rect}")?;
        }
        if self.profile == Profile::Foreign {
            writeln!(f, "convert by its profile to sRGB")?;
        }
        if !self.orientation.is_upright() {
            let mirrored = self.orientation.mirrored.then(|| "mirror".to_owned());
            let quarters = u32::from(self.orientation.quarters);
            let turned = (quarters > 0).then(|| format!("turn {}° clockwise", quarters * 90));
            let both: Vec<_> = mirrored.into_iter().chain(turned).collect();
            writeln!(f, "{}", both.join(", "))?;
        }
        if let Some(turn) = self.turn {
            writeln!(f, "turn {:.4}° clockwise: {}", turn.degrees, turn.size)?;
        }
        match self.window {
            Some(Window::Fixed(rect)) => writeln!(f, "cut {rect}")?,
            Some(Window::Interesting(size)) => writeln!(f, "cut the most interesting {size}")?,
            None => {}
        }
        if let Some(canvas) = self.canvas {
            writeln!(f, "put on a canvas of {} at {},{}", canvas.size, canvas.left, canvas.top)?;
        }
        Ok(())
    }

    fn explain_output(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let output = &self.output;
        write!(f, "encode {:?}", output.format)?;
        match output.format {
            OutputFormat::Png | OutputFormat::Gif => {}
            OutputFormat::Mp4 => write!(f, ", quantiser {}", output.quality)?,
            _ => match output.search {
                Some(search) => write!(f, ", {search}")?,
                None => write!(f, ", quality {}", output.quality)?,
            },
        }
        if output.palette {
            write!(f, ", with a palette if it has few colours")?;
        }
        if output.interlace {
            write!(f, ", interlaced")?;
        }
        if output.metadata == Metadata::Profile {
            write!(f, ", without metadata")?;
        }
        write!(f, ": {}", self.size)?;
        match self.passthrough {
            Passthrough::IfSmaller => write!(f, ", or the original if that is smaller"),
            Passthrough::Never | Passthrough::Always | Passthrough::Stripped => Ok(()),
        }
    }
}
