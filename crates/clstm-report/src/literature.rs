//! What the literature reports, with protocols and sources: `data/literature.toml`.

use serde::Deserialize;

use crate::ReportError;

/// The published figures.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Literature {
    pub(crate) ablation: Vec<AblationRow>,
    pub(crate) report: Vec<PaperReport>,
    /// Those of the benchmark come last.
    pub(crate) system: Vec<System>,
    benchmark: Option<Benchmark>,
}

/// A benchmark of several systems on several corpora.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Benchmark {
    year: u16,
    protocol: String,
    source: String,
    corpora: Vec<String>,
    row: Vec<BenchmarkRow>,
}

/// A system of a benchmark; its UA in percent, one for each corpus.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BenchmarkRow {
    name: String,
    ua: Vec<f64>,
}

/// A row of the paper's Table 1, in percent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AblationRow {
    pub(crate) preset: String,
    pub(crate) architecture: String,
    pub(crate) iemocap: f64,
    pub(crate) ravdess: f64,
}

/// The paper's classification report of a corpus.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaperReport {
    pub(crate) corpus: String,
    pub(crate) source: String,
    pub(crate) weighted: [f64; 3],
    pub(crate) unweighted: [f64; 3],
    pub(crate) accuracy: f64,
    pub(crate) classes: Vec<PaperClass>,
}

/// A class of it; figures are precision, recall, F1.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaperClass {
    pub(crate) names: Vec<String>,
    pub(crate) utterances: usize,
    pub(crate) figures: [f64; 3],
}

/// A published system; figures in percent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct System {
    pub(crate) corpus: String,
    pub(crate) name: String,
    /// None where it is not known.
    pub(crate) year: Option<u16>,
    pub(crate) ua: Option<f64>,
    pub(crate) wa: Option<f64>,
    pub(crate) protocol: Option<String>,
    pub(crate) source: String,
}

impl Literature {
    pub(crate) fn open() -> Result<Self, ReportError> {
        let text = include_str!("../data/literature.toml");
        let mut all: Self = toml::from_str(text)
            .map_err(|e| ReportError::malformed("literature.toml".as_ref(), e))?;
        if let Some(Benchmark { year, protocol, source, corpora, row }) = all.benchmark.take() {
            let systems = row.iter().flat_map(|BenchmarkRow { name, ua }| {
                corpora.iter().zip(ua).map(|(corpus, ua)| System {
                    corpus: corpus.clone(),
                    name: name.clone(),
                    year: Some(year),
                    ua: Some(*ua),
                    wa: None,
                    protocol: Some(protocol.clone()),
                    source: source.clone(),
                })
            });
            all.system.extend(systems);
        }
        Ok(all)
    }

    /// The paper's report of a corpus, where that has the same classes.
    pub(crate) fn report(&self, corpus: &str, labels: &[String]) -> Option<&PaperReport> {
        let found = self.report.iter().find(|report| report.corpus == corpus)?;
        let all = labels.iter().all(|label| found.class(label).is_some());
        (all && labels.len() == found.classes.len()).then_some(found)
    }
}

impl PaperReport {
    /// The row of a class.
    pub(crate) fn class(&self, label: &str) -> Option<&PaperClass> {
        let label = label.to_lowercase();
        self.classes.iter().find(|class| class.names.contains(&label))
    }
}

#[cfg(test)]
mod tests {
    use clstm_nn::Preset;

    use super::Literature;

    #[test]
    fn the_rows_are_those_of_the_paper() {
        let literature = Literature::open().expect("the file");
        let presets: Vec<&str> = literature.ablation.iter().map(|row| &row.preset[..]).collect();
        assert_eq!(presets, Preset::TABLE_1.map(Preset::name));
        let of = |corpus: &str| literature.system.iter().filter(|s| s.corpus == corpus).count();
        // Tables 4 and 7, later systems, and EmoBox.
        assert_eq!((of("iemocap"), of("ravdess"), of("crema-d")), (14 + 2 + 7, 8 + 5 + 7, 1 + 7));
        let whole =
            |s: &super::System| s.ua.or(s.wa).is_some() && s.year.is_none_or(|year| year > 1990);
        assert!(literature.system.iter().all(whole));
        for report in &literature.report {
            // What the paper's averages come to over its classes, to its two decimals.
            let recall: f64 = report.classes.iter().map(|class| class.figures[1]).sum();
            let mean = recall / report.classes.len() as f64;
            assert!((mean - report.unweighted[1]).abs() < 0.025, "{}: {mean}", report.corpus);
        }
        let total = |corpus: &str| -> usize {
            let report = literature.report.iter().find(|report| report.corpus == corpus);
            report.expect("a report").classes.iter().map(|class| class.utterances).sum()
        };
        assert_eq!((total("ravdess"), total("iemocap")), (1440, 5531));
    }
}
