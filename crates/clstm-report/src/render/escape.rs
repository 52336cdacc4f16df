//! Text from outside, made harmless: names of runs, classes and corpora are whatever their authors wrote.

/// For XML and HTML, in content and in attributes. Control characters, which XML has no place for, become
/// the sign of what cannot be shown.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if strange(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Control characters, those that turn the direction of what follows, and what is no character of XML.
fn strange(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

/// For a line of Markdown, inside a table or not.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '$' | '!' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_whitespace() => out.push(' '),
            c if strange(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// For LaTeX text. Signs that only some engines have are spelt as commands that all have.
pub(crate) fn latex(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\textbackslash{}"),
            '{' | '}' | '$' | '&' | '#' | '_' | '%' => {
                out.push('\\');
                out.push(c);
            }
            '^' => out.push_str(r"\textasciicircum{}"),
            '~' => out.push_str(r"\textasciitilde{}"),
            '<' => out.push_str(r"\textless{}"),
            '>' => out.push_str(r"\textgreater{}"),
            '|' => out.push_str(r"\textbar{}"),
            '"' => out.push_str(r"\textquotedbl{}"),
            '±' => out.push_str(r"$\pm$"),
            '−' => out.push_str("$-$"),
            '×' => out.push_str(r"$\times$"),
            '→' => out.push_str(r"$\to$"),
            'λ' => out.push_str(r"$\lambda$"),
            '…' => out.push_str(r"\dots{}"),
            '–' => out.push_str("--"),
            // Brackets after a line's end would be taken for its argument.
            '[' | ']' => {
                out.push('{');
                out.push(c);
                out.push('}');
            }
            c if c.is_whitespace() => out.push(' '),
            c if strange(c) => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

/// The name of a file for a name of anything: letters, digits and hyphens.
pub(crate) fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ if !out.is_empty() && !out.ends_with('-') => out.push('-'),
            _ => {}
        }
    }
    // Names longer than any file system takes are cut.
    let cut: String = out.chars().take(80).collect();
    match cut.trim_end_matches('-') {
        "" => "run".to_owned(),
        slug => slug.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{latex, markdown, slug, xml};

    #[test]
    fn by_hand() {
        assert_eq!(xml("a<b>&\"'\u{7}\u{202e}"), "a&lt;b&gt;&amp;&quot;&#39;\u{fffd}\u{fffd}");
        assert_eq!(markdown("a|b\n*c* <i>"), r"a\|b \*c\* &lt;i&gt;");
        assert_eq!(latex(r"50% \x {y} ~"), r"50\% \textbackslash{}x \{y\} \textasciitilde{}");
        assert_eq!(latex("1 ± 2 [−3]"), r"1 $\pm$ 2 {[}$-$3{]}");
        assert_eq!((slug("../../Etc passwd"), slug("悲")), ("etc-passwd".into(), "run".into()));
    }

    proptest! {
        #[test]
        fn nothing_gets_out(text: String) {
            let active = xml(&text).contains(['<', '>', '"', '\'', '\u{0}', '\u{1b}']);
            prop_assert!(!active);
            let active = markdown(&text).contains(['\n', '<', '>']);
            prop_assert!(!active);
            let tex = latex(&text);
            let active = tex.contains(['\n', '^', '~']);
            prop_assert!(!active);
            // Every brace is closed, those that are escaped left out.
            let bare = tex.replace(r"\{", "").replace(r"\}", "");
            prop_assert_eq!(bare.matches('{').count(), bare.matches('}').count());
            let name = slug(&text);
            let clean = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            prop_assert!(clean && !name.is_empty() && name.len() <= 80);
        }
    }
}
