//! YAML as a tree, as far as headers of audformat use it: without aliases, so that a header takes memory in proportion to
//! its length.

use saphyr_parser::{Event, Parser, ScanError};

use crate::SegmentsError;

/// Headers nest three deep.
const MAX_DEPTH: usize = 64;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Scalar(String),
    List(Vec<Node>),
    /// Keys and values in their order.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Reads the first document.
    pub(super) fn parse(text: &str) -> Result<Self, SegmentsError> {
        let mut parser = Parser::new_from_str(text);
        loop {
            match next(&mut parser)? {
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => {}
                Event::StreamEnd => return Err(SegmentsError::structure("the header is empty")),
                event => return node(event, &mut parser, 0),
            }
        }
    }

    /// The value of a key of a map.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// The keys and values of a map.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Self)> {
        let entries = match self {
            Self::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// A scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(text) => Some(text),
            _ => None,
        }
    }
}

type Events<'a> = Parser<'a, saphyr_parser::StrInput<'a>>;

fn next<'a>(parser: &mut Events<'a>) -> Result<Event<'a>, SegmentsError> {
    let wrong = |error: ScanError| {
        SegmentsError::line(error.marker().line(), format!("no YAML: {}", error.info()))
    };
    match parser.next() {
        None => Ok(Event::StreamEnd),
        Some(event) => event.map(|(event, _)| event).map_err(wrong),
    }
}

/// The value that begins with an event.
fn node<'a>(
    event: Event<'a>,
    parser: &mut Events<'a>,
    depth: usize,
) -> Result<Node, SegmentsError> {
    if depth > MAX_DEPTH {
        return Err(SegmentsError::structure("the header is nested too deeply"));
    }
    match event {
        Event::Scalar(text, ..) => Ok(Node::Scalar(text.into_owned())),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match next(parser)? {
                    Event::SequenceEnd => return Ok(Node::List(items)),
                    event => items.push(node(event, parser, depth + 1)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Vec::new();
            loop {
                match next(parser)? {
                    Event::MappingEnd => return Ok(Node::Map(entries)),
                    Event::Scalar(key, ..) => {
                        let value = next(parser)?;
                        entries.push((key.into_owned(), node(value, parser, depth + 1)?));
                    }
                    _ => return Err(SegmentsError::structure("a key of the header is not text")),
                }
            }
        }
        Event::Alias(_) => Err(SegmentsError::structure("the header has aliases")),
        _ => Err(SegmentsError::structure("the header ends too early")),
    }
}

#[cfg(test)]
mod tests {
    use super::Node;

    #[test]
    fn block_and_flow_style_are_read() {
        let node = Node::parse("a: {b: [1, 'x, y'],\n  c: \"d\"}\ne:\n  f: g\n").unwrap();
        let b = node.get("a").and_then(|a| a.get("b"));
        let items = ["1", "x, y"].map(|text| Node::Scalar(text.to_owned()));
        assert_eq!(b, Some(&Node::List(items.to_vec())));
        assert_eq!(node.get("e").and_then(|e| e.get("f")).and_then(Node::text), Some("g"));
    }

    #[test]
    fn what_takes_more_memory_than_its_text_is_refused() {
        let deep = "[".repeat(100_000);
        for text in ["", "a: &x 1\nb: *x\n", "? [a]\n: b\n", deep.as_str(), "a: [1"] {
            assert!(Node::parse(text).is_err(), "{:?}", &text[..text.len().min(20)]);
        }
    }
}
