//! Drawings as PNG, on white paper, lettered with the font that comes along.

use fdeflate::compress_to_vec;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, StrokeDash,
    Transform,
};

use super::canvas::{Anchor, Canvas, ColorRole, Element, Style, TextStyle};
use super::palette::LIGHT;

const FONT: &[u8] = include_bytes!("../../assets/OpenSans-subset.ttf");

/// Pixels to a unit: figures are 440 units wide, which at 300 dots an inch is 11 cm.
const SCALE: f32 = 3.0;

/// The bytes of a PNG file, or why there are none.
pub(crate) fn png(canvas: &Canvas) -> Result<Vec<u8>, String> {
    let [width, height] =
        [canvas.width, canvas.height].map(|side| (side as f32 * SCALE).ceil() as u32);
    let mut pixels = Pixmap::new(width, height).ok_or_else(|| "its size is none".to_owned())?;
    pixels.fill(color(LIGHT.background, 1.0));
    let font = FontRef::new(FONT).map_err(|error| error.to_string())?;
    let scale = Transform::from_scale(SCALE, SCALE);
    for element in &canvas.elements {
        match element {
            Element::Path { points, closed, color, style } => {
                if let Some(path) = polygon(points, *closed) {
                    draw(&mut pixels, &path, *color, *style, scale);
                }
            }
            Element::Circle { at, radius, color, style } => {
                let [x, y] = at.map(|x| x as f32);
                if let Some(path) = PathBuilder::from_circle(x, y, *radius as f32) {
                    draw(&mut pixels, &path, *color, *style, scale);
                }
            }
            Element::Text(lettering) => letter(&mut pixels, &font, lettering, scale),
        }
    }
    Ok(encode(&pixels))
}

/// A path through points; none where one is not a number.
fn polygon(points: &[[f64; 2]], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (i, point) in points.iter().enumerate() {
        let [x, y] = point.map(|x| x as f32);
        if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    if closed {
        path.close();
    }
    path.finish()
}

fn draw(pixels: &mut Pixmap, path: &Path, color: ColorRole, style: Style, at: Transform) {
    let (fill, edge) = paints(color);
    if let Some(fill) = fill {
        pixels.fill_path(path, &paint(fill, style.opacity), FillRule::Winding, at, None);
    }
    if let Some((edge, width)) = edge {
        let dash =
            style.dash.and_then(|dash| StrokeDash::new(dash.map(|x| x as f32).to_vec(), 0.0));
        let width = width.unwrap_or(style.width as f32);
        let stroke = Stroke { width, dash, line_join: LineJoin::Round, ..Stroke::default() };
        pixels.stroke_path(path, &paint(edge, style.opacity), &stroke, at, None);
    }
}

/// A colour.
type Hex = &'static str;

/// Colours of areas and edges, as the palette's rules have them; a width where it is the color's own.
fn paints(color: ColorRole) -> (Option<Hex>, Option<(Hex, Option<f32>)>) {
    let series = |number: usize| LIGHT.series[number % LIGHT.series.len()];
    match color {
        ColorRole::Text => (Some(LIGHT.color), None),
        ColorRole::Muted => (Some(LIGHT.muted), None),
        ColorRole::On => (Some(LIGHT.on), None),
        ColorRole::Off => (Some(LIGHT.off), None),
        ColorRole::Paper => (Some(LIGHT.background), None),
        ColorRole::Halo => (Some(LIGHT.color), Some((LIGHT.background, Some(3.0)))),
        ColorRole::Axis => (None, Some((LIGHT.color, None))),
        ColorRole::Grid => (None, Some((LIGHT.grid, None))),
        ColorRole::Guide => (None, Some((LIGHT.muted, None))),
        ColorRole::Cell => (Some(LIGHT.cell), None),
        ColorRole::Fill(number) => (Some(series(number)), None),
        ColorRole::Line(number) => (None, Some((series(number), None))),
        ColorRole::Mark(number) => (Some(series(number)), Some((LIGHT.background, Some(0.7)))),
    }
}

fn paint(hex: Hex, opacity: f64) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(color(hex, opacity));
    paint
}

fn color(hex: Hex, opacity: f64) -> Color {
    let channel = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap_or(0);
    let alpha = (255.0 * opacity.clamp(0.0, 1.0)).round() as u8;
    Color::from_rgba8(channel(1), channel(3), channel(5), alpha)
}

/// Draws text glyph by glyph. Characters that the font has not are its empty box.
fn letter(pixels: &mut Pixmap, font: &FontRef<'_>, lettering: &TextStyle, scale: Transform) {
    let TextStyle { at: [x, y], anchor, color, size, turn, text } = lettering;
    let size = Size::new(*size as f32);
    let (map, metrics) = (font.charmap(), font.glyph_metrics(size, LocationRef::default()));
    let glyphs: Vec<GlyphId> = text.chars().map(|c| map.map(c).unwrap_or_default()).collect();
    let advance = |glyph: &GlyphId| metrics.advance_width(*glyph).unwrap_or(0.0);
    let width: f32 = glyphs.iter().map(advance).sum();
    let mut outline = Outline {
        path: PathBuilder::new(),
        x: match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        },
    };
    for glyph in &glyphs {
        if let Some(found) = font.outline_glyphs().get(*glyph) {
            // A glyph that cannot be drawn leaves its place empty.
            let _ = found.draw(DrawSettings::unhinted(size, LocationRef::default()), &mut outline);
        }
        outline.x += advance(glyph);
    }
    let Some(path) = outline.path.finish() else { return };
    let turned = Transform::from_rotate(*turn as f32);
    let place = turned.post_translate(*x as f32, *y as f32).post_concat(scale);
    let (fill, edge) = paints(*color);
    if let Some((edge, width)) = edge {
        let stroke = Stroke {
            width: width.unwrap_or(1.0),
            line_join: LineJoin::Round,
            line_cap: LineCap::Round,
            ..Stroke::default()
        };
        pixels.stroke_path(&path, &paint(edge, 1.0), &stroke, place, None);
    }
    if let Some(fill) = fill {
        pixels.fill_path(&path, &paint(fill, 1.0), FillRule::Winding, place, None);
    }
}

/// Outlines of glyphs side by side; the font's y points up, the drawing's down.
struct Outline {
    path: PathBuilder,
    x: f32,
}

impl OutlinePen for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, -y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, -y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + cx, -cy, self.x + x, -y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.path.cubic_to(self.x + ax, -ay, self.x + bx, -by, self.x + x, -y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

/// PNG (W3C, *Portable Network Graphics Specification*) of opaque pixels: 8-bit RGB, rows filtered by
/// "up", so that what repeats downwards becomes zeros.
fn encode(pixels: &Pixmap) -> Vec<u8> {
    const UP: u8 = 2;
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let mut above = vec![0_u8; 3 * width];
    let mut filtered = Vec::with_capacity(height * (1 + 3 * width));
    for row in pixels.pixels().chunks_exact(width) {
        // The paper is opaque, so that premultiplied values are the values.
        let own: Vec<u8> = row.iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
        filtered.push(UP);
        filtered.extend(own.iter().zip(&above).map(|(own, above)| own.wrapping_sub(*above)));
        above = own;
    }
    let mut header = Vec::new();
    header.extend(pixels.width().to_be_bytes());
    header.extend(pixels.height().to_be_bytes());
    header.extend([8, 2, 0, 0, 0]); // bits, RGB, and the only methods that there are
    // Dots a metre: 300 an inch.
    let mut density = Vec::new();
    density.extend([11_811_u32.to_be_bytes(), 11_811_u32.to_be_bytes()].concat());
    density.push(1);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, b"IHDR", &header);
    chunk(&mut file, b"pHYs", &density);
    chunk(&mut file, b"IDAT", &compress_to_vec(&filtered));
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let checked = file.len();
    file.extend(kind);
    file.extend(data);
    let sum = crc_32(&file[checked..]);
    file.extend(sum.to_be_bytes());
}

/// CRC-32 of ISO 3309, as PNG has it.
fn crc_32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        let mix = |crc: u32, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        (0..8).fold(crc ^ u32::from(*byte), mix)
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::super::canvas::{Anchor, Canvas, ColorRole, Style};
    use super::{crc_32, png};

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc_32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc_32(b"IEND"), 0xae42_6082);
    }

    #[test]
    fn what_is_drawn_is_there() {
        let blank = png(&Canvas::new(60.0, 30.0)).expect("a file");
        assert_eq!(&blank[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(blank[16..24], [0, 0, 0, 180, 0, 0, 0, 90], "three pixels a unit");
        let mut lettered = Canvas::new(60.0, 30.0);
        lettered.text([30.0, 20.0], Anchor::Middle, ColorRole::Text, "ß→é");
        let lettered = png(&lettered).expect("a file");
        assert!(lettered.len() > blank.len() + 200, "{} {}", lettered.len(), blank.len());
        let mut strange = Canvas::new(60.0, 30.0);
        strange.path(&[[f64::NAN, 0.0], [9.0, 9.0]], ColorRole::Axis, Style::PLAIN);
        strange.text([f64::INFINITY, 20.0], Anchor::End, ColorRole::Halo, "悲しい");
        assert!(png(&strange).is_ok());
        assert!(png(&Canvas::new(0.0, 30.0)).is_err());
    }
}
