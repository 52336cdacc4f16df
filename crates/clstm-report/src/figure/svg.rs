//! Drawings as SVG: inside a page whose style sheet has the colours, or as files of their own.

use std::fmt::Write as _;

use super::canvas::{Anchor, Canvas, ColorRole, Element, LINE, Style, TEXT, TextStyle};
use super::palette::LIGHT;
use crate::render::escape::xml;

/// Fonts of figures.
const FONTS: &str = "system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Open Sans',sans-serif";

impl Canvas {
    /// For a page that has the rules of the palette; `description` is read to those who do not see it.
    pub(crate) fn in_page(&self, description: &str) -> String {
        let (w, h, label) = (short(self.width), short(self.height), xml(description));
        let body = self.body();
        format!(
            r#"<svg class="fig" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{label}" font-size="{TEXT}" stroke-width="{LINE}">{body}</svg>"#
        )
    }

    /// A file of its own, for white paper.
    pub(crate) fn file(&self, title: &str, description: &str) -> String {
        let (w, h) = (short(self.width), short(self.height));
        let (title, description, rules) = (xml(title), xml(description), LIGHT.rules());
        let (body, paper) = (self.body(), LIGHT.background);
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" class=\"fig\" viewBox=\"0 0 {w} {h}\" \
             width=\"{w}\" height=\"{h}\" role=\"img\" font-family=\"{FONTS}\" \
             font-size=\"{TEXT}\" stroke-width=\"{LINE}\">\n\
             <title>{title}</title>\n<desc>{description}</desc>\n<style>{rules}</style>\n\
             <rect width=\"{w}\" height=\"{h}\" fill=\"{paper}\"/>\n{body}\n</svg>\n"
        )
    }

    fn body(&self) -> String {
        let mut body = String::new();
        for element in &self.elements {
            match element {
                Element::Path { points, closed, color, style } => {
                    let mut d = String::new();
                    for (i, point) in points.iter().enumerate() {
                        let [x, y] = point.map(short);
                        let _ = write!(d, "{}{x} {y}", if i == 0 { 'M' } else { 'L' });
                    }
                    let close = if *closed { "Z" } else { "" };
                    let attributes = attributes(*color, *style);
                    let _ = write!(body, r#"<path d="{d}{close}"{attributes}/>"#);
                }
                Element::Circle { at, radius, color, style } => {
                    let ([x, y], r) = (at.map(short), short(*radius));
                    let attributes = attributes(*color, *style);
                    let _ = write!(body, r#"<circle cx="{x}" cy="{y}" r="{r}"{attributes}/>"#);
                }
                Element::Text(lettering) => body.push_str(&text(lettering)),
            }
        }
        body
    }
}

fn attributes(color: ColorRole, style: Style) -> String {
    let mut text = class(color);
    if style.opacity < 1.0 {
        let _ = write!(text, r#" opacity="{}""#, short(style.opacity));
    }
    if style.width != LINE {
        let _ = write!(text, r#" stroke-width="{}""#, short(style.width));
    }
    if let Some([dash, gap]) = style.dash {
        let _ = write!(text, r#" stroke-dasharray="{} {}""#, short(dash), short(gap));
    }
    text
}

fn class(color: ColorRole) -> String {
    match color.class() {
        class if class.is_empty() => class,
        class => format!(r#" class="{class}""#),
    }
}

fn text(lettering: &TextStyle) -> String {
    let TextStyle { at, anchor, color, size, turn, text } = lettering;
    let ([x, y], text, class) = (at.map(short), xml(text), class(*color));
    let anchor = match anchor {
        Anchor::Start => "",
        Anchor::Middle => r#" text-anchor="middle""#,
        Anchor::End => r#" text-anchor="end""#,
    };
    let mut more = String::new();
    if *size != TEXT {
        let _ = write!(more, r#" font-size="{}""#, short(*size));
    }
    if *turn != 0.0 {
        let _ = write!(more, r#" transform="rotate({} {x} {y})""#, short(*turn));
    }
    format!(r#"<text x="{x}" y="{y}"{anchor}{class}{more}>{text}</text>"#)
}

/// A coordinate to a hundredth, as short as can be; what is not a number, which no caller should give, is
/// drawn at the edge instead of breaking the file.
fn short(value: f64) -> String {
    let rounded = if value.is_finite() { (value * 100.0).round() / 100.0 } else { 0.0 };
    // Minus nothing is nothing.
    format!("{}", rounded + 0.0)
}

#[cfg(test)]
mod tests {
    use super::super::canvas::{Anchor, Canvas, ColorRole};
    use super::short;

    #[test]
    fn text_from_outside_stays_text() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.text([1.0, 2.0], Anchor::End, ColorRole::Text, "<script>\"&'\u{0}");
        let drawn = canvas.in_page("\"><script>");
        assert!(!drawn.contains("<script>") && !drawn.contains('\u{0}'), "{drawn}");
        assert!(drawn.contains("&lt;script&gt;&quot;&amp;&#39;"), "{drawn}");
        assert!(!canvas.file("</title><script>", "x").contains("<script>"));
    }

    #[test]
    fn numbers_are_short_and_are_numbers() {
        let found = [1.0, -0.001, 1.0 / 3.0, f64::NAN, f64::INFINITY].map(short);
        assert_eq!(found, ["1", "0", "0.33", "0", "0"]);
    }
}
