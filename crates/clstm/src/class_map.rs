//! The labels of a model merged into fewer classes.

use std::collections::{BTreeMap, BTreeSet};

use crate::ModelError;

/// A map from labels to classes: several labels may count as one class, and labels may be left out. See
/// [`Recognizer::with_classes`](crate::Recognizer::with_classes).
///
/// ```
/// # use std::collections::BTreeMap;
/// use clstm::ClassMap;
///
/// let rules = [("neutral", "low"), ("sad", "low"), ("angry", "high"), ("happy", "high")];
/// let rules = rules.map(|(label, class)| (label.to_owned(), class.to_owned()));
/// let map = ClassMap::new("arousal", BTreeMap::from(rules)).with_order(["high", "low"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassMap {
    name: String,
    /// Classes in the order of the output; sorted without it.
    order: Option<Vec<String>>,
    /// Label, class.
    labels: BTreeMap<String, String>,
}

impl ClassMap {
    /// The map of this name, which errors repeat, with the class of each label. Labels that are not in it are left out.
    #[must_use]
    pub fn new(name: impl Into<String>, labels: BTreeMap<String, String>) -> Self {
        Self { name: name.into(), order: None, labels }
    }

    /// The same map with the classes in this order instead of sorted. Classes that are not in the order are left out.
    #[must_use]
    pub fn with_order<S: Into<String>>(self, classes: impl IntoIterator<Item = S>) -> Self {
        Self { order: Some(classes.into_iter().map(Into::into).collect()), ..self }
    }

    /// Which labels of a model make which class.
    ///
    /// # Errors
    /// [`ModelError::ClassMap`] if the labels make fewer than two classes.
    pub(crate) fn groups(&self, labels: &[String]) -> Result<ClassGroups, ModelError> {
        let class_of = |label: &String| self.labels.get(label).map(String::as_str);
        let used: BTreeSet<&str> = labels.iter().filter_map(class_of).collect();
        let classes: Vec<String> = match &self.order {
            Some(order) => {
                order.iter().filter(|class| used.contains(class.as_str())).cloned().collect()
            }
            None => used.into_iter().map(str::to_owned).collect(),
        };
        if classes.len() < 2 {
            let reason = format!(
                "{} of its classes come of the labels {}; there must be at least two",
                classes.len(),
                labels.join(", ")
            );
            return Err(ModelError::ClassMap { map: self.name.clone(), reason });
        }
        let place = |label: &String| {
            class_of(label).and_then(|class| classes.iter().position(|c| c == class))
        };
        let groups = labels.iter().map(place).collect();
        Ok(ClassGroups { classes, groups })
    }
}

/// Which labels of a model make which class.
#[derive(Debug)]
pub(crate) struct ClassGroups {
    /// The classes.
    pub(crate) classes: Vec<String>,
    /// For each label of the model the index of its class; `None` where the map leaves it out.
    groups: Vec<Option<usize>>,
}

impl ClassGroups {
    /// Writes the probabilities of the classes to `merged`: those of one class are added, those of labels that the map
    /// leaves out are dropped, and the rest is scaled to a sum of 1.
    pub(crate) fn merge(&self, probabilities: &[f64], merged: &mut [f64]) {
        merged.fill(0.0);
        for (class, probability) in self.groups.iter().zip(probabilities) {
            if let Some(sum) = class.and_then(|class| merged.get_mut(class)) {
                *sum += probability;
            }
        }
        let total: f64 = merged.iter().sum();
        let uniform = 1.0 / merged.len().max(1) as f64;
        for probability in merged {
            // All mass may be on labels that are left out.
            *probability = if total > 0.0 { *probability / total } else { uniform };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::ClassMap;
    use crate::ModelError;

    fn labels(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn four() -> ClassMap {
        let rules = [("neutral", "neutral"), ("calm", "neutral"), ("happy", "happy")];
        let more = [("sad", "sad"), ("angry", "angry")];
        let rules = rules.into_iter().chain(more).map(|(k, v)| (k.to_owned(), v.to_owned()));
        ClassMap::new("four", rules.collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn probabilities_of_one_class_add_up_and_the_rest_is_scaled() {
        let model = labels(&["neutral", "calm", "happy", "sad", "angry", "surprised"]);
        let groups =
            four().with_order(["sad", "neutral", "happy", "angry"]).groups(&model).unwrap();
        assert_eq!(groups.classes, ["sad", "neutral", "happy", "angry"]);
        let merge = |probabilities: &[f64]| {
            let mut merged = [f64::NAN; 4];
            groups.merge(probabilities, &mut merged);
            merged
        };
        let merged = merge(&[0.1, 0.2, 0.1, 0.1, 0.0, 0.5]);
        for (found, expected) in merged.into_iter().zip([0.2, 0.6, 0.2, 0.0]) {
            assert!((found - expected).abs() < 1e-12, "{merged:?}");
        }
        assert_eq!(merge(&[0.0, 0.0, 0.0, 0.0, 0.0, 1.0]), [0.25; 4]);
    }

    #[test]
    fn without_an_order_classes_are_sorted_and_unused_ones_are_left_out() {
        let groups = four().groups(&labels(&["sad", "calm", "bored"])).unwrap();
        assert_eq!(groups.classes, ["neutral", "sad"]);
        let error = four().groups(&labels(&["sad", "bored"])).unwrap_err();
        assert!(matches!(error, ModelError::ClassMap { .. }), "{error}");
        assert!(error.to_string().contains("1 of its classes"), "{error}");
    }
}
