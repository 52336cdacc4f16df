//! Speech emotion corpora: utterances, labels, splits and integrity.
