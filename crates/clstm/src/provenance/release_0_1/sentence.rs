//! The sentences, taken apart.

use super::super::protocol::one;
use super::super::{
    Ancestor, EnsembleMember, EvalProtocol, FoldId, InnerValidation, LeakageCounts, Lineage,
    SelectedWeights,
};
use crate::calibration::CalibrationMethod;
use crate::info::HeldOutCounts;

/// What the sentence of a training or of a score has.
pub(super) struct Training {
    pub(super) protocol: EvalProtocol,
    pub(super) fold: Option<FoldId>,
    pub(super) held_out: HeldOutCounts,
}

/// What the sentence of a calibration has.
pub(super) struct Calibration {
    pub(super) protocol: EvalProtocol,
    pub(super) folds: usize,
    pub(super) method: CalibrationMethod,
}

/// `fold 2 of <protocol>: trained on 1152 utterances, ..., the other 192 held out`,
/// `trained on all 1440 utterances of ...`, or a protocol alone, perhaps with `(only 3 of the folds done)`.
pub(super) fn training(text: &str) -> Training {
    fold(text).or_else(|| everything(text)).unwrap_or_else(|| {
        let whole = text.split_once(" (only ").map_or(text, |(whole, _)| whole);
        let protocol = protocol(whole).unwrap_or_else(|| remark(text));
        Training { protocol, fold: None, held_out: HeldOutCounts::default() }
    })
}

/// `<protocol>; 1440 test utterances of 6 of 6 folds; each fold's temperature and ...`
pub(super) fn calibration(text: &str) -> Calibration {
    let method = match text.ends_with("held out of its training") {
        true => CalibrationMethod::HeldOut,
        false => CalibrationMethod::CrossFit,
    };
    let parts = || {
        let (rest, _) = text.rsplit_once("; each fold's ")?;
        let (run, counts) = rest.rsplit_once("; ")?;
        let (_, folds) = counts.split_once(" test utterances of ")?;
        Some((protocol(run)?, number(folds.split(' ').next()?)?))
    };
    match parts() {
        Some((protocol, folds)) => Calibration { protocol, folds, method },
        None => Calibration { protocol: remark(text), folds: 0, method },
    }
}

/// `clstm-plus, 60 epochs, seed 1, bf16, started from ...`
pub(super) fn member(text: &str) -> EnsembleMember {
    let parsed = text.split_once(", ").and_then(|(preset, rest)| {
        let Trained { epochs, seed, precision, lineage, validation, tta_passes, .. } =
            trained(rest)?;
        let preset = preset.to_owned();
        let shots = None;
        Some(EnsembleMember {
            preset,
            lineage,
            epochs,
            seed,
            precision,
            validation,
            shots,
            tta_passes,
        })
    });
    parsed.unwrap_or_else(|| EnsembleMember {
        preset: text.to_owned(),
        tta_passes: one(),
        ..EnsembleMember::default()
    })
}

/// `clstm of 50 epochs on tess, itself started from ...`; a phrase of another form is taken for a preset.
pub(super) fn initial_model(text: &str) -> Ancestor {
    let parsed = || {
        let (own, before) = match text.split_once(", itself started from ") {
            Some((own, before)) => (own, Some(Box::new(initial_model(before)))),
            None => (text, None),
        };
        let (model, corpus) = own.split_once(" epochs on ")?;
        let (model, epochs) = model.rsplit_once(" of ")?;
        let of = Ancestor {
            epochs: Some(number(epochs)?),
            corpus: Some(corpus.to_owned()),
            initialized_from: before,
            ..teacher(model)
        };
        Some(of)
    };
    parsed().unwrap_or_else(|| Ancestor { preset: text.to_owned(), ..Ancestor::default() })
}

/// `clstm+clstm-plus (taught by clstm)`.
pub(super) fn teachers(text: &str) -> Vec<Ancestor> {
    let (mut found, mut depth, mut first) = (Vec::new(), 0_usize, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '+' if depth == 0 => {
                found.push(teacher(&text[first..at]));
                first = at + 1;
            }
            _ => {}
        }
    }
    found.push(teacher(&text[first..]));
    found
}

fn teacher(text: &str) -> Ancestor {
    let nested = text.strip_suffix(')').and_then(|text| text.split_once(" (taught by "));
    let (preset, distilled_from) = match nested {
        Some((preset, of)) => (preset, teachers(of)),
        None => (text, Vec::new()),
    };
    Ancestor { preset: preset.to_owned(), distilled_from, ..Ancestor::default() }
}

/// A sentence of a form that is not known.
fn remark(text: &str) -> EvalProtocol {
    EvalProtocol {
        split: "unknown".to_owned(),
        models: one(),
        tta_passes: one(),
        remark: Some(text.to_owned()),
        ..EvalProtocol::default()
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn fold(text: &str) -> Option<Training> {
    let (number, rest) = text.strip_prefix("fold ")?.split_once(" of ")?;
    let (run, counts) = rest.rsplit_once(": trained on ")?;
    let protocol = protocol(run)?;
    let count = |before: &str, after: &str| {
        let (_, rest) = counts.split_once(before)?;
        self::number(rest.split_once(after)?.0)
    };
    let held_out = HeldOutCounts {
        test: count("the other ", " held out")?,
        validation: count("validated on ", " more").unwrap_or(0),
        calibration: count("scaled on ", " more").unwrap_or(0),
    };
    let fold = FoldId { number: self::number(number)?, of: protocol.folds };
    Some(Training { protocol, fold: Some(fold), held_out })
}

/// `trained on all 1440 utterances of ravdess (24 speakers), 60 epochs, seed 1, bf16; nothing held out; ...`
fn everything(text: &str) -> Option<Training> {
    let (utterances, rest) = text.strip_prefix("trained on ")?.split_once(" utterances of ")?;
    let (subject, rest) = rest.split_once(" epochs, seed ")?;
    let (subject, epochs) = subject.rsplit_once(", ")?;
    let (subject, _speakers) = subject.rsplit_once(" (")?;
    let (training, _) = rest.split_once("; ")?;
    let trained = trained(&format!("{epochs} epochs, seed {training}"))?;
    // "all 1440", or "1296 of the 1440".
    let validation = match utterances.split_once(" of the ") {
        Some((own, all)) => number::<usize>(all)?.checked_sub(number(own)?)?,
        None => 0,
    };
    let protocol =
        EvalProtocol { split: EvalProtocol::NO_SPLIT.to_owned(), ..of(subject, trained) };
    let held_out = HeldOutCounts { validation, ..HeldOutCounts::default() };
    Some(Training { protocol, fold: None, held_out })
}

/// `mine (target gender), given split (speakers not named), 5 folds of seed 3, <training>; LEAKAGE: ...`
fn protocol(text: &str) -> Option<EvalProtocol> {
    let (text, leakage) = match text.split_once("; LEAKAGE: ") {
        Some((text, counts)) => (text, leakage(counts)?),
        None => (text, LeakageCounts::default()),
    };
    let (subject, rest) = text.split_once(" split (")?;
    let (subject, split) = subject.rsplit_once(", ")?;
    let (speakers, rest) = rest.split_once("), ")?;
    let (folds, rest) = rest.split_once(" folds")?;
    let (fold_seed, rest) = match rest.strip_prefix(" of seed ") {
        Some(rest) => {
            let (seed, rest) = rest.split_once(", ")?;
            (Some(number(seed)?), rest)
        }
        None => (None, rest.strip_prefix(", ")?),
    };
    let ensemble = rest.strip_prefix("mean of ").and_then(|it| it.strip_suffix(')'));
    let trained = match ensemble.and_then(|it| it.split_once(" models (")) {
        Some((count, members)) => {
            let members: Vec<EnsembleMember> = members.split("; ").map(member).collect();
            Trained { models: number(count)?, ..Trained::of_members(members)? }
        }
        None => trained(rest)?,
    };
    let speakers_apart = match (split, speakers) {
        ("given", "speaker-independent") => Some(true),
        ("given", "speakers in training and test") => Some(false),
        _ => None,
    };
    Some(EvalProtocol {
        split: split.to_owned(),
        speakers_apart,
        leakage,
        folds: number(folds)?,
        fold_seed,
        ..of(subject, trained)
    })
}

/// A protocol of the corpus and its classes, and of the training.
fn of(subject: &str, trained: Trained) -> EvalProtocol {
    let (corpus, classes) = match subject.strip_suffix(')').and_then(|it| it.split_once(" (")) {
        Some((corpus, classes)) => (corpus, classes),
        None => (subject, ""),
    };
    let class = |what: &str| {
        classes.split(", ").find_map(|part| part.strip_prefix(what)).map(str::to_owned)
    };
    EvalProtocol {
        corpus: corpus.to_owned(),
        target: class("target "),
        label_map: class("label map "),
        seed: trained.seed,
        models: trained.models,
        members: trained.members,
        preset: trained.preset,
        lineage: trained.lineage,
        epochs: trained.epochs,
        validation: trained.validation,
        precision: trained.precision,
        tta_passes: trained.tta_passes,
        ..EvalProtocol::default()
    }
}

/// `2 speakers and 1 recording on both sides`
fn leakage(text: &str) -> Option<LeakageCounts> {
    let mut found = LeakageCounts::default();
    for part in text.strip_suffix(" on both sides")?.split(" and ") {
        let (count, what) = part.split_once(' ')?;
        match what {
            "speaker" | "speakers" => found.speakers = number(count)?,
            _ => found.copies = number(count)?,
        }
    }
    Some(found)
}

/// The training's part of a protocol.
#[derive(Default)]
struct Trained {
    preset: String,
    epochs: usize,
    seed: u64,
    precision: String,
    lineage: Lineage,
    models: usize,
    members: Vec<EnsembleMember>,
    validation: Option<InnerValidation>,
    tta_passes: usize,
}

impl Trained {
    /// Of an ensemble, as its `metrics.json` has it: the presets joined, the largest number of epochs.
    fn of_members(members: Vec<EnsembleMember>) -> Option<Self> {
        let first = members.first()?.clone();
        let mut presets: Vec<&str> = Vec::new();
        for name in members.iter().flat_map(|member| member.preset.split('+')) {
            if !presets.contains(&name) {
                presets.push(name);
            }
        }
        Some(Self {
            preset: presets.join("+"),
            epochs: members.iter().map(|member| member.epochs).max()?,
            seed: first.seed,
            precision: first.precision,
            lineage: Lineage::default(),
            models: members.len(),
            validation: first.validation,
            tta_passes: members.iter().map(|member| member.tta_passes).max()?,
            members,
        })
    }
}

/// `60 epochs, seed 1, bf16, started from ..., taught by ..., mean of 2 models, validation of ..., 8 views of each
/// utterance`: taken apart from its end, for a name in it may hold anything.
fn trained(text: &str) -> Option<Trained> {
    let (epochs, rest) = text.split_once(" epochs, seed ")?;
    let (rest, tta_passes) = match rest.strip_suffix(" views of each utterance") {
        Some(rest) => rest.rsplit_once(", ").and_then(|(rest, n)| Some((rest, number(n)?)))?,
        None => (rest, one()),
    };
    let (rest, validation) = match rest.rsplit_once(", validation of ") {
        Some((rest, words)) => (rest, Some(validation(words)?)),
        None => (rest, None),
    };
    let (rest, models) = match rest.rsplit_once(", mean of ") {
        Some((rest, words)) => (rest, number(words.split(' ').next()?)?),
        None => (rest, one()),
    };
    let (rest, distilled_from) = match rest.rsplit_once(", taught by ") {
        Some((rest, names)) => (rest, teachers(names)),
        None => (rest, Vec::new()),
    };
    let (rest, initialized_from) = match rest.split_once(", started from ") {
        Some((rest, model)) => (rest, Some(initial_model(model))),
        None => (rest, None),
    };
    let (seed, precision) = rest.split_once(", ").unwrap_or((rest, "f32"));
    Some(Trained {
        epochs: number(epochs)?,
        seed: number(seed)?,
        precision: precision.to_owned(),
        lineage: Lineage { initialized_from, distilled_from, ..Lineage::default() },
        models,
        validation,
        tta_passes,
        ..Trained::default()
    })
}

/// `10% of the training speakers, ended by 5 looks without a smaller loss, weights of the smallest loss`
fn validation(words: &str) -> Option<InnerValidation> {
    let percent: f64 = number(words.split_once('%')?.0)?;
    let patience = words.split_once(", ended by ").map(|(_, rest)| number(rest.split(' ').next()?));
    Some(InnerValidation {
        share: percent / 100.0,
        patience: patience.flatten().unwrap_or(0),
        select: match words.ends_with(", weights of the smallest loss") {
            true => SelectedWeights::Best,
            false => SelectedWeights::Last,
        },
        eval_every: one(),
    })
}

#[cfg(test)]
mod tests;
