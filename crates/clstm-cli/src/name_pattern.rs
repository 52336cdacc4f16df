//! Columns of a manifest read from file names: `{label}_{speaker}_*` matches `happy_anna_03.wav`.

use regex::Regex;

/// A pattern of file names.
#[derive(Clone, Debug)]
pub(crate) struct NamePattern {
    fields: Vec<String>,
    has_folders: bool,
    /// The pattern, anchored; its groups are the fields in their order.
    regex: Regex,
}

impl NamePattern {
    /// Parses a pattern: text stands for itself, `*` for any text within a name, `{field}` for at least one character
    /// within a name, as few as possible.
    ///
    /// # Errors
    /// A message for the user.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (mut fields, mut expression) = (Vec::<String>::new(), "^".to_owned());
        let (mut rest, mut after_field) = (text, false);
        while let Some(at) = rest.find(['*', '{', '}']) {
            expression += &regex::escape(&rest[..at]);
            after_field &= at == 0;
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix('*') {
                expression += "[^/]*?";
                (rest, after_field) = (after, false);
                continue;
            }
            let field = rest.strip_prefix('{').and_then(|after| after.split_once('}'));
            let Some((name, after)) = field else {
                return Err(format!("unbalanced brace at {rest:?}"));
            };
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(plain) {
                return Err(format!("{{{name}}} is not the name of a column"));
            }
            if fields.iter().any(|field| field == name) {
                return Err(format!("{{{name}}} occurs twice"));
            }
            if after_field {
                return Err(format!("ambiguous pattern: put literal text before {{{name}}}"));
            }
            fields.push(name.to_owned());
            expression += "([^/]+?)";
            (rest, after_field) = (after, true);
        }
        expression += &regex::escape(rest);
        expression.push('$');
        if !fields.iter().any(|field| field == "label") {
            return Err("it has no {label}".to_owned());
        }
        // `.` does not occur: line feeds in names need no flag.
        let regex = Regex::new(&expression).map_err(|error| error.to_string())?;
        Ok(Self { fields, has_folders: text.contains('/'), regex })
    }

    /// The fields in their order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(String::as_str)
    }

    /// Whether it matches the path inside the folder rather than the name alone.
    pub(crate) fn has_folders(&self) -> bool {
        self.has_folders
    }

    /// The values of the fields in a name, in their order; `None` if it does not match. Takes time linear in the
    /// length of the name.
    pub(crate) fn read<'a>(&self, name: &'a str) -> Option<Vec<&'a str>> {
        let captures = self.regex.captures(name)?;
        Some(captures.iter().skip(1).flatten().map(|value| value.as_str()).collect())
    }
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
        assert_eq!(values("({label}).+", "(a).+"), Some(vec!["a"]), "text stands for itself");
        assert_eq!(values("{label}-*", "a\nb-c\n"), Some(vec!["a\nb"]), "line feeds in names");
        assert_eq!(values("{label}", "happy\n"), Some(vec!["happy\n"]));
    }

    #[test]
    fn time_is_linear_in_the_length_of_a_name() {
        // A backtracking matcher does not finish this.
        let name = "a".repeat(100_000);
        assert_eq!(values("{label}*a*a*a*a*a*a*b", &name), None);
    }

    #[test]
    fn patterns_without_meaning_are_refused() {
        for (pattern, message) in [
            ("{speaker}_*", "no {label}"),
            ("{label}{speaker}", "put literal text before {speaker}"),
            ("{label", "unbalanced brace"),
            ("label}", "unbalanced brace"),
            ("{}-{label}", "not the name of a column"),
            ("{label}-{label}", "twice"),
        ] {
            let error = NamePattern::parse(pattern).unwrap_err();
            assert!(error.contains(message), "{pattern}: {error}");
        }
    }
}
