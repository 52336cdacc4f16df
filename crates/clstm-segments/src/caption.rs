//! An emotion in a few words, for formats with nothing but text.

use crate::format::free_name;
use crate::{Annotation, Names, Outcome, WriteOptions};

/// The captions of all channels of a segment: `sad 81%`, or `channel 0: sad 81%; channel 1: no speech`.
pub(crate) fn caption(
    annotations: &[Annotation],
    names: Names<'_>,
    options: &WriteOptions,
) -> String {
    let each = annotations.iter().map(|annotation| {
        let channel = annotation.channel.map(|channel| format!("channel {channel}: "));
        channel.unwrap_or_default() + &one_caption(annotation, names, options)
    });
    each.collect::<Vec<_>>().join("; ")
}

/// `sad 81%`, with the further labels that are asked for and the continuous targets; `? ` marks an unsure one. Without a
/// prediction the reason.
fn one_caption(annotation: &Annotation, names: Names<'_>, options: &WriteOptions) -> String {
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
                format!("{} {:.0}%", one_line(names.label(*index)), 100.0 * p(index))
            };
            let labels = order.iter().take(options.top.max(1)).map(named);
            let values = names.values(&emotion.dimensions);
            let values = values.map(|(name, value)| format!("{} {value:.2}", one_line(name)));
            let mark = if emotion.unsure { "? " } else { "" };
            format!("{mark}{}", labels.chain(values).collect::<Vec<_>>().join(", "))
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

/// A number with four decimals at most.
pub(crate) fn rounded(p: f64) -> f64 {
    (p * 1e4).round() / 1e4
}

/// A tier that is added to formats with tiers.
pub(crate) struct EmotionTier {
    /// The end of its name.
    pub(crate) name: String,
    content: Content,
}

/// The text of the annotations of a tier.
enum Content {
    Label,
    Confidence,
    Probabilities,
    /// The continuous target of this number.
    Dimension(usize),
}

/// The tiers that are added: `emotion`, `confidence`, `probabilities`, and one for each continuous target.
pub(crate) fn tiers(names: Names<'_>) -> Vec<EmotionTier> {
    let tier = |(name, content): (&str, Content)| EmotionTier { name: name.to_owned(), content };
    let first = [
        ("emotion", Content::Label),
        ("confidence", Content::Confidence),
        ("probabilities", Content::Probabilities),
    ];
    let mut tiers = Vec::from(first.map(tier));
    for (index, name) in names.dimensions.iter().enumerate() {
        let taken: Vec<&str> = tiers.iter().map(|tier| tier.name.as_str()).collect();
        let name = free_name(&one_line(name), &taken);
        tiers.push(EmotionTier { name, content: Content::Dimension(index) });
    }
    tiers
}

impl EmotionTier {
    /// The text for an annotation; empty without a prediction, but for the label, which is then the status.
    pub(crate) fn text(&self, annotation: &Annotation, names: Names<'_>) -> String {
        let Some(emotion) = annotation.emotion() else {
            return match self.content {
                Content::Label => annotation.outcome.status().to_owned(),
                _ => String::new(),
            };
        };
        match self.content {
            Content::Label => one_line(names.label(emotion.label_index)),
            Content::Confidence => rounded(emotion.confidence()).to_string(),
            Content::Probabilities => probabilities(names.labels, &emotion.probabilities, " "),
            Content::Dimension(index) => {
                let value = emotion.dimensions.get(index);
                value.map_or(String::new(), |value| rounded(*value).to_string())
            }
        }
    }
}

/// The channels of annotations, ascending; one without a number for those of the mean.
pub(crate) fn channels(annotations: &[Vec<Annotation>]) -> Vec<Option<usize>> {
    let all = annotations.iter().flatten().map(|annotation| annotation.channel);
    let mut channels: Vec<Option<usize>> = all.collect();
    channels.sort_unstable();
    channels.dedup();
    channels
}

/// The end of the name of a channel's tier.
pub(crate) fn channel_suffix(channel: Option<usize>) -> String {
    channel.map_or(String::new(), |channel| format!(" {channel}"))
}

/// The annotation of a channel.
pub(crate) fn of_channel(
    annotations: &[Annotation],
    channel: Option<usize>,
) -> Option<&Annotation> {
    annotations.iter().find(|annotation| annotation.channel == channel)
}
