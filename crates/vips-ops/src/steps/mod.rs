//! The steps of a render: each takes a picture and gives a picture.

pub mod alpha;
mod blur;
pub mod canvas;
pub mod gain_map;
pub mod interest;
pub mod load;
pub mod look;
pub mod metadata;
pub mod orient;
pub mod overlay;
pub mod profile;
pub mod redeye;
pub mod resize;
pub mod sharpen;
mod spot;
pub mod subject;
pub mod trim;
pub mod turn;
pub mod window;
