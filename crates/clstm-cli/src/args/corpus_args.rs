use std::path::PathBuf;

use clap::Args;
use clstm_corpus::{AllowedLeakage, Targets};

/// The corpora to read and the target to recognise.
#[derive(Debug, Args)]
pub(crate) struct CorpusArgs {
    /// Name of the corpus, see `clstm corpus list`. To join corpora, repeat it with a --data for each: classes of
    /// the same name are merged, speakers and ids get the name of their corpus as a prefix.
    #[arg(long, value_name = "NAME", required = true)]
    pub(crate) corpus: Vec<String>,
    /// Folder of the unpacked corpus; for `manifest` the CSV or JSON Lines file that lists it.
    #[arg(long, value_name = "DIR|FILE", required = true)]
    pub(crate) data: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) classes: TargetArgs,
}

/// The target to recognise and its classes.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// TOML file that maps labels to classes, such as excited = "happy" below [labels]. Utterances with
    /// other labels are left out.
    #[arg(long, alias = "labels", value_name = "MAP.toml")]
    pub(crate) label_map: Option<PathBuf>,
    /// Attribute to classify: label, speaker, sex, language, session, statement, repetition, intensity, style
    /// (scripted or improvised), corpus (of several), or another column of a manifest. Continuous targets, such as
    /// arousal,valence or columns of numbers, can be added, separated by commas (experimental; docs/dimensions.md).
    #[arg(long, value_name = "TARGET[,TARGET]", default_value_t = Targets::default())]
    pub(crate) target: Targets,
}

/// The leakage that is allowed.
#[derive(Debug, Args)]
pub(crate) struct LeakageArgs {
    /// Accept a split with leakage: speakers (of a given split, in training and test) or copies (the same
    /// recording in both). The leakage is recorded in the protocol and printed next to every figure.
    #[arg(long, value_name = "speakers|copies", value_delimiter = ',')]
    allow_leakage: Vec<AllowedLeakage>,
}

impl LeakageArgs {
    /// All kinds of leakage that are allowed.
    pub(crate) fn allowed(&self) -> AllowedLeakage {
        self.allow_leakage.iter().fold(AllowedLeakage::default(), |all, one| all.or(*one))
    }
}
