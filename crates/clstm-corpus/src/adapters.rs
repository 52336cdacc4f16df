//! One module for each corpus: how its files are named and labelled.
//!
//! To add a corpus, write its module with an `ADAPTER` constant here and name it in `registry.rs`.

pub(crate) mod ased;
pub(crate) mod audiofolder;
pub(crate) mod crema_d;
pub(crate) mod emo_db;
pub(crate) mod emobox_list;
pub(crate) mod emotale;
pub(crate) mod iemocap;
pub(crate) mod meld;
pub(crate) mod nemo;
pub(crate) mod ravdess;
pub(crate) mod savee;
mod table;
pub(crate) mod tess;
