//! Corpora that the command does not download, and how to obtain them.

use crate::source::{Origin, Source};

/// A corpus without other names; `steps` is how to obtain it.
const fn on_request(
    name: &'static str,
    title: &'static str,
    page: &'static str,
    steps: &'static str,
) -> Source {
    Source {
        name,
        aliases: &[],
        title,
        page,
        origin: Origin::OnRequest(steps),
        is_recording: |_| true,
    }
}

pub(super) const IEMOCAP: Source = Source {
    aliases: &["iemocap-6"],
    ..on_request(
    "iemocap",
    "IEMOCAP",
    "https://sail.usc.edu/iemocap/iemocap_release.htm",
    "It is free for research, but has to be requested from the University of Southern California:
  1. Fill in the release form at https://sail.usc.edu/iemocap/iemocap_release.htm, with an address
     of your university or institute. Each person with access to the data has to sign.
  2. Within some days a link to the full release comes by mail (IEMOCAP_full_release, 12 GB
     packed).
  3. Unpack it and name the folder that holds Session1 to Session5:
     clstm corpus check iemocap --data IEMOCAP_full_release",
)
};

pub(super) const MELD: Source = on_request(
    "meld",
    "MELD",
    "https://affective-meld.github.io/",
    "It is 10 GB of video from a television series, whose sound has to be extracted:
  1. Read the terms at https://affective-meld.github.io/ and get MELD.Raw.tar.gz by the link there.
  2. Unpack it and the three archives in it (train, dev, test).
  3. Extract the sound beside each video, in every folder of videos, with ffmpeg:
     for f in *.mp4; do ffmpeg -i \"$f\" -vn -ac 1 -ar 16000 \"${f%.mp4}.wav\"; done
  4. Name the folder that holds train_sent_emo.csv, dev_sent_emo.csv and test_sent_emo.csv:
     clstm corpus check meld --data MELD.Raw",
);

pub(super) const SAVEE: Source = on_request(
    "savee",
    "SAVEE",
    "http://kahlan.eps.surrey.ac.uk/savee/",
    "It is free for research, but needs a registration at the University of Surrey:
  1. Register with the form at http://kahlan.eps.surrey.ac.uk/savee/ (Download).
  2. A user name and a password for AudioData.zip come by mail.
  3. Unpack it and name the folder that holds AudioData:
     clstm corpus check savee --data SAVEE",
);

pub(super) const NEMO: Source = on_request(
    "nemo",
    "nEMO",
    "https://huggingface.co/datasets/amu-cai/nEMO",
    "It is free for non-commercial use (CC BY-NC-SA 4.0), in a repository with git-lfs:
  1. git lfs install
  2. git clone https://huggingface.co/datasets/amu-cai/nEMO
  3. Name the folder that holds data.tsv and samples:
     clstm corpus check nemo --data nEMO",
);

pub(super) const ASED: Source = on_request(
    "ased",
    "ASED",
    "https://github.com/Ethio2021/ASED_V1",
    "It states no licence and asks for a citation:
  1. git clone https://github.com/Ethio2021/ASED_V1
  2. Name the folder that holds 01Neutral to 05Angry:
     clstm corpus check ased --data ASED_V1",
);

pub(super) const EMOTALE: Source = on_request(
    "emotale",
    "EmoTale",
    "https://github.com/snehadas/EmoTale",
    "The authors hold the copyright:
  1. Follow the instructions at https://github.com/snehadas/EmoTale.
  2. Name the folder that holds annotations.csv, speaker_info.csv and the recordings:
     clstm corpus check emotale --data EmoTale",
);
