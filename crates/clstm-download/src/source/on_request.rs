//! Corpora that a program cannot or should not fetch, and how people get them.

use crate::source::{Origin, Source};

pub(super) const IEMOCAP: Source = Source {
    name: "iemocap",
    aliases: &["iemocap-6"],
    title: "IEMOCAP",
    page: "https://sail.usc.edu/iemocap/iemocap_release.htm",
    origin: Origin::OnRequest(
        "It is free for research, but has to be requested from the University of Southern California:
  1. Fill in the release form at https://sail.usc.edu/iemocap/iemocap_release.htm, with an address
     of your university or institute. Everybody with access to the data has to sign.
  2. Within some days a link to the full release comes by mail (IEMOCAP_full_release, 12 GB
     packed).
  3. Unpack it and name the folder that holds Session1 to Session5:
     clstm corpus check iemocap --data IEMOCAP_full_release",
    ),
    is_recording: |_| true,
};

pub(super) const MELD: Source = Source {
    name: "meld",
    aliases: &[],
    title: "MELD",
    page: "https://affective-meld.github.io/",
    origin: Origin::OnRequest(
        "It is 10 GB of video from a television series, whose sound has to be extracted:
  1. Read the terms at https://affective-meld.github.io/ and get MELD.Raw.tar.gz by the link there.
  2. Unpack it and the three archives in it (train, dev, test).
  3. Extract the sound beside each video, in every folder of videos, with ffmpeg:
     for f in *.mp4; do ffmpeg -i \"$f\" -vn -ac 1 -ar 16000 \"${f%.mp4}.wav\"; done
  4. Name the folder that holds train_sent_emo.csv, dev_sent_emo.csv and test_sent_emo.csv:
     clstm corpus check meld --data MELD.Raw",
    ),
    is_recording: |_| true,
};

pub(super) const SAVEE: Source = Source {
    name: "savee",
    aliases: &[],
    title: "SAVEE",
    page: "http://kahlan.eps.surrey.ac.uk/savee/",
    origin: Origin::OnRequest(
        "It is free for research, but needs a registration at the University of Surrey:
  1. Register with the form at http://kahlan.eps.surrey.ac.uk/savee/ (Download).
  2. A user name and a password for AudioData.zip come by mail.
  3. Unpack it and name the folder that holds AudioData:
     clstm corpus check savee --data SAVEE",
    ),
    is_recording: |_| true,
};
