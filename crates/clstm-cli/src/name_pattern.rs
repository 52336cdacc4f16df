//! What file names say: `{label}_{speaker}_*` read from `happy_anna_03.wav`.

/// A pattern of names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NamePattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// This text.
    Text(String),
    /// Any text within a name, also none.
    Any,
    /// Some text within a name, which is the field's value.
    Field(String),
}

impl NamePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(at) = rest.find(['*', '{', '}']) {
            if at > 0 {
                parts.push(Part::Text(rest[..at].to_owned()));
            }
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix('*') {
                parts.push(Part::Any);
                rest = after;
                continue;
            }
            let field = rest.strip_prefix('{').and_then(|after| after.split_once('}'));
            let Some((name, after)) = field else {
                return Err(format!("{rest:?} has a brace without its partner"));
            };
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(plain) {
                return Err(format!("{{{name}}} is no name of a column"));
            }
            if parts.contains(&Part::Field(name.to_owned())) {
                return Err(format!("{{{name}}} is there twice"));
            }
            if matches!(parts.last(), Some(Part::Field(_))) {
                return Err(format!("nothing tells where {{{name}}} begins: put text before it"));
            }
            parts.push(Part::Field(name.to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let pattern = Self { parts };
        let labelled = pattern.fields().any(|field| field == "label");
        if labelled { Ok(pattern) } else { Err("it has no {label}".to_owned()) }
    }

    /// The fields in their order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether it speaks of folders.
    pub(crate) fn has_folders(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains('/')))
    }

    /// The fields' values in a name, in their order; each as short as it can be.
    pub(crate) fn read<'a>(&self, name: &'a str) -> Option<Vec<&'a str>> {
        let mut values = Vec::new();
        read(&self.parts, name, &mut values).then_some(values)
    }
}

/// Whether `parts` are all of `name`; the values of fields are added to `values`.
fn read<'a>(parts: &[Part], name: &'a str, values: &mut Vec<&'a str>) -> bool {
    let Some((first, rest)) = parts.split_first() else { return name.is_empty() };
    let least = match first {
        Part::Text(text) => {
            return name.strip_prefix(text.as_str()).is_some_and(|name| read(rest, name, values));
        }
        Part::Any => 0,
        Part::Field(_) => 1,
    };
    let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
    for end in ends.skip(least) {
        let (value, after) = name.split_at(end);
        if value.contains('/') {
            return false;
        }
        let kept = values.len();
        if matches!(first, Part::Field(_)) {
            values.push(value);
        }
        if read(rest, after, values) {
            return true;
        }
        values.truncate(kept);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::NamePattern;

    fn values<'a>(pattern: &str, name: &'a str) -> Option<Vec<&'a str>> {
        NamePattern::parse(pattern).unwrap().read(name)
    }

    #[test]
    fn fields_are_read_from_names() {
        assert_eq!(values("{label}_{speaker}_*", "happy_anna_03"), Some(vec!["happy", "anna"]));
        assert_eq!(values("{label}*", "happy"), Some(vec!["h"]), "as short as can be");
        assert_eq!(values("{label}", "happy"), Some(vec!["happy"]));
        assert_eq!(values("{speaker}/*-{label}", "s1/take-2-sad"), Some(vec!["s1", "2-sad"]));
        assert_eq!(values("{speaker}/{label}", "a/b/c"), None, "a folder more");
        assert_eq!(values("{label}-{speaker}", "happy"), None);
        assert_eq!(values("é{label}", "éÜ"), Some(vec!["Ü"]));
        assert_eq!(values("x{label}", "x"), None, "a field is not empty");
    }

    #[test]
    fn patterns_that_say_nothing_are_refused() {
        for (pattern, says) in [
            ("{speaker}_*", "no {label}"),
            ("{label}{speaker}", "put text before it"),
            ("{label", "without its partner"),
            ("label}", "without its partner"),
            ("{}-{label}", "no name of a column"),
            ("{label}-{label}", "twice"),
        ] {
            let error = NamePattern::parse(pattern).unwrap_err();
            assert!(error.contains(says), "{pattern}: {error}");
        }
    }
}
