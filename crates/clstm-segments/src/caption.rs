//! An emotion in a few words, for formats with nothing but text.

use crate::{Annotation, Outcome, WriteOptions};

/// `sad 81%`, with the further labels that are asked for; `? ` marks an unsure one. Without a prediction the reason.
pub(crate) fn caption(
    annotation: &Annotation,
    labels: &[String],
    options: &WriteOptions,
) -> String {
    let mut text = match &annotation.outcome {
        Outcome::NoSpeech => "no speech".to_owned(),
        Outcome::TooShort => "too short".to_owned(),
        Outcome::Outside => "after the end of the recording".to_owned(),
        Outcome::Labelled(emotion) => {
            let mut order: Vec<usize> = (0..emotion.probabilities.len()).collect();
            let p = |index: &usize| emotion.probabilities.get(*index).copied().unwrap_or(0.0);
            let first = |index: &usize| *index == emotion.label_index;
            order.sort_by(|a, b| first(b).cmp(&first(a)).then(p(b).total_cmp(&p(a))));
            let named = |index: &usize| {
                let label = labels.get(*index).map_or("", String::as_str);
                format!("{} {:.0}%", one_line(label), 100.0 * p(index))
            };
            let names: Vec<String> = order.iter().take(options.top.max(1)).map(named).collect();
            let mark = if emotion.unsure { "? " } else { "" };
            format!("{mark}{}", names.join(", "))
        }
    };
    if annotation.clipped {
        text += ", clipped";
    }
    text
}

/// A name without characters that would end a line or a bracket.
pub(crate) fn one_line(text: &str) -> String {
    let clean = |c: char| if c.is_control() || "[]".contains(c) { ' ' } else { c };
    text.chars().map(clean).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Probabilities as `happy=0.1;sad=0.9`.
pub(crate) fn probabilities(labels: &[String], probabilities: &[f64], separator: &str) -> String {
    let pair = |(label, p): (&String, &f64)| format!("{}={}", one_line(label), rounded(*p));
    labels.iter().zip(probabilities).map(pair).collect::<Vec<_>>().join(separator)
}

/// A probability with four decimals at most.
pub(crate) fn rounded(p: f64) -> f64 {
    (p * 1e4).round() / 1e4
}

/// The end of a tier's name, and its text for an annotation.
pub(crate) type TierText = (&'static str, fn(&Annotation, &[String]) -> String);

/// The tiers that are added to formats with tiers.
pub(crate) const TIERS: [TierText; 3] = [
    ("emotion", |annotation, labels| match annotation.emotion() {
        None => annotation.outcome.status().to_owned(),
        Some(emotion) => one_line(labels.get(emotion.label_index).map_or("", String::as_str)),
    }),
    ("confidence", |annotation, _| {
        let emotion = annotation.emotion();
        emotion.map_or(String::new(), |emotion| rounded(emotion.confidence()).to_string())
    }),
    ("probabilities", |annotation, labels| {
        let emotion = annotation.emotion();
        emotion.map_or(String::new(), |emotion| probabilities(labels, &emotion.probabilities, " "))
    }),
];
