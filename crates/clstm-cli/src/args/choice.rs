use std::path::PathBuf;

use clap::Args;
use clstm_corpus::{AllowedLeakage, Target};

/// Which corpora, and what of them is recognised.
#[derive(Debug, Args)]
pub(crate) struct CorpusChoice {
    /// Name of the corpus, see `clstm corpus list`. Several, each with its --data, are joined: classes of
    /// one name are one class, speakers and ids are led by their corpus.
    #[arg(long, value_name = "NAME", required = true)]
    pub(crate) corpus: Vec<String>,
    /// Folder that it was unpacked in; for `manifest` the CSV or JSON Lines file that lists it.
    #[arg(long, value_name = "DIR|FILE", required = true)]
    pub(crate) data: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) classes: Classes,
}

/// What is recognised.
#[derive(Debug, Args)]
pub(crate) struct Classes {
    /// TOML file that says which class each label counts as, such as excited = "happy" below
    /// [labels]; utterances of labels that it does not name are left out.
    #[arg(long, value_name = "MAP.toml")]
    pub(crate) labels: Option<PathBuf>,
    /// What is to be recognised: label, speaker, sex, session, statement, repetition, intensity, style
    /// (scripted or improvised), corpus (of several), or another column of a manifest.
    #[arg(long, value_name = "WHAT", default_value_t = Target::Label)]
    pub(crate) target: Target,
}

/// What may be on both sides of a split.
#[derive(Debug, Args)]
pub(crate) struct Leakage {
    /// Follow a split though it leaks: speakers (of a given split in training and test) or copies (the
    /// same recording in both). It is part of the protocol then, and stands wherever the figures do.
    #[arg(long, value_name = "speakers|copies", value_delimiter = ',')]
    allow_leakage: Vec<AllowedLeakage>,
}

impl Leakage {
    /// All that is allowed.
    pub(crate) fn allowed(&self) -> AllowedLeakage {
        self.allow_leakage.iter().fold(AllowedLeakage::default(), |all, one| all.or(*one))
    }
}
