//! Figures as SVG: the paper's Figures 4 to 6, and those of confidence and embeddings.

mod axes;
mod bars;
mod canvas;
mod confusion;
mod curves;
mod embedding;
pub(crate) mod palette;
mod raster;
mod reliability;
mod risk;
mod scatter;
mod svg;

pub(crate) use bars::{Bar, class_bars};
pub(crate) use canvas::Canvas;
pub(crate) use confusion::{MOST_DRAWN, confusion};
pub(crate) use curves::{Curve, accuracy_curves, loss_curves};
pub(crate) use embedding::embedding;
pub(crate) use raster::png;
pub(crate) use reliability::reliability;
pub(crate) use risk::risk_coverage;
pub(crate) use scatter::scatter;
