//! `--classes`: the classes of a model merged into fewer.

use std::path::Path;

use clstm::{LabelScore, TimelineItem};
use clstm_corpus::LabelMap;

use crate::error::CliError;
use crate::rows::Scores;

/// Classes of the output, and where each class of the model goes.
#[derive(Debug)]
pub(crate) struct ClassMap {
    labels: Vec<String>,
    /// For each label of the model the index of its class; `None` where the map leaves it out.
    classes: Vec<Option<usize>>,
    identity: bool,
}

impl ClassMap {
    /// The map that an option names (one that is built in, or a file), or the labels of the model as they are.
    ///
    /// # Errors
    /// If there is no such map, or it makes fewer than two classes of the labels.
    pub(crate) fn open(named: Option<&Path>, labels: &[String]) -> Result<Self, CliError> {
        let Some(named) = named else {
            let classes = (0..labels.len()).map(Some).collect();
            return Ok(Self { labels: labels.to_vec(), classes, identity: true });
        };
        let (merged, classes) = LabelMap::named(named)?.merge(labels)?;
        Ok(Self { labels: merged, classes, identity: false })
    }

    /// The classes of the output.
    pub(crate) fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Probabilities of the model's labels, merged: those of one class are added, those of labels that the map leaves
    /// out are dropped, and the rest is scaled to a sum of 1.
    pub(crate) fn merge(&self, probabilities: &[f64]) -> Vec<f64> {
        if self.identity {
            return probabilities.to_vec();
        }
        let mut merged = vec![0.0; self.labels.len()];
        for (class, probability) in self.classes.iter().zip(probabilities) {
            if let Some(sum) = class.and_then(|class| merged.get_mut(class)) {
                *sum += probability;
            }
        }
        let total: f64 = merged.iter().sum();
        let uniform = 1.0 / merged.len().max(1) as f64;
        for probability in &mut merged {
            // All mass may be on labels that are left out.
            *probability = if total > 0.0 { *probability / total } else { uniform };
        }
        merged
    }

    /// Merged probabilities with the most probable class.
    pub(crate) fn scores(&self, probabilities: &[f64]) -> Scores {
        let probabilities = self.merge(probabilities);
        let (label_index, confidence) = most_probable(&probabilities);
        Scores { label_index, confidence, probabilities }
    }

    /// Items of a timeline, merged: adjacent segments of one class become one.
    pub(crate) fn timeline(&self, items: Vec<TimelineItem>, join: bool) -> Vec<TimelineItem> {
        if self.identity {
            return items;
        }
        let mut merged: Vec<TimelineItem> = Vec::new();
        for item in items {
            let item = TimelineItem { label: item.label.map(|score| self.score(&score)), ..item };
            match merged.last_mut() {
                Some(last) if join && same_class(last, &item) => extend(last, &item),
                _ => merged.push(item),
            }
        }
        merged
    }

    fn score(&self, score: &LabelScore) -> LabelScore {
        label_score(self.merge(&score.probabilities))
    }
}

fn label_score(probabilities: Vec<f64>) -> LabelScore {
    let (label_index, confidence) = most_probable(&probabilities);
    LabelScore { label_index, confidence, probabilities: probabilities.into_iter().collect() }
}

/// Index and value of the largest probability, the first of equals.
fn most_probable(probabilities: &[f64]) -> (usize, f64) {
    let first =
        |best: (usize, f64), (index, &p): (usize, &f64)| if p > best.1 { (index, p) } else { best };
    probabilities.iter().enumerate().fold((0, f64::NEG_INFINITY), first)
}

fn same_class(a: &TimelineItem, b: &TimelineItem) -> bool {
    let class = |item: &TimelineItem| item.label.as_ref().map(|score| score.label_index);
    class(a) == class(b)
}

/// Adds an adjacent segment of the same class; probabilities are averaged by duration.
fn extend(last: &mut TimelineItem, next: &TimelineItem) {
    let (a, b) = (last.end_s - last.start_s, next.end_s - next.start_s);
    if let (Some(first), Some(second)) = (&last.label, &next.label) {
        let pairs = first.probabilities.iter().zip(second.probabilities.iter());
        let mean: Vec<f64> = pairs.map(|(p, q)| (a * p + b * q) / (a + b)).collect();
        let index = first.label_index;
        let confidence = mean.get(index).copied().unwrap_or(first.confidence);
        let probabilities = mean.into_iter().collect();
        last.label = Some(LabelScore { label_index: index, confidence, probabilities });
    }
    last.end_s = next.end_s;
}

#[cfg(test)]
mod tests {
    use clstm::{LabelScore, TimelineItem};

    use super::ClassMap;

    fn labels(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    /// Of neutral, calm, happy, sad, angry and surprised.
    fn four() -> ClassMap {
        let classes = vec![Some(0), Some(0), Some(1), Some(2), Some(3), None];
        ClassMap { labels: labels(&["neutral", "happy", "sad", "angry"]), classes, identity: false }
    }

    #[test]
    fn probabilities_of_one_class_add_up_and_the_rest_is_scaled() {
        let map = four();
        let at = |name: &str| map.labels().iter().position(|label| label == name).unwrap();
        let merged = map.merge(&[0.1, 0.2, 0.1, 0.1, 0.0, 0.5]);
        assert!((merged.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((merged[at("neutral")] - 0.6).abs() < 1e-12, "{merged:?}");
        assert!((merged[at("happy")] - 0.2).abs() < 1e-12, "{merged:?}");
        assert_eq!(map.scores(&[0.1, 0.2, 0.1, 0.1, 0.0, 0.5]).label_index, at("neutral"));
        assert_eq!(map.merge(&[0.0, 0.0, 0.0, 0.0, 0.0, 1.0]), [0.25; 4]);
        let same = ClassMap::open(None, &labels(&["a", "b"])).unwrap();
        assert_eq!(same.merge(&[0.3, 0.7]), [0.3, 0.7]);
        let basic = Some(std::path::Path::new("basic-four"));
        let ravdess = labels(&["neutral", "calm", "happy", "sad", "angry", "surprised"]);
        assert_eq!(ClassMap::open(basic, &ravdess).unwrap().labels().len(), 4);
        assert!(ClassMap::open(basic, &labels(&["a", "b"])).is_err());
    }

    #[test]
    fn adjacent_segments_of_one_class_are_joined() {
        let item = |start_s: f64, label: Option<usize>| TimelineItem {
            start_s,
            end_s: start_s + 1.0,
            speech: None,
            label: label.map(|label_index| LabelScore {
                label_index,
                confidence: 1.0,
                probabilities: (0..6).map(|k| f64::from(u8::from(k == label_index))).collect(),
            }),
            provisional: false,
        };
        let items =
            vec![item(0.0, Some(0)), item(1.0, Some(1)), item(2.0, None), item(3.0, Some(2))];
        let map = four();
        let joined = map.timeline(items.clone(), true);
        let times: Vec<_> = joined.iter().map(|item| (item.start_s, item.end_s)).collect();
        assert_eq!(times, [(0.0, 2.0), (2.0, 3.0), (3.0, 4.0)]);
        assert_eq!(joined[0].label.as_ref().unwrap().confidence, 1.0);
        assert_eq!(map.timeline(items, false).len(), 4);
    }
}
