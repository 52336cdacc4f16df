//! A writer of MP4 with PCM samples, and of its boxes.

/// A box.
#[must_use]
pub fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

fn full(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[0; 4][..], body].concat())
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// A track of 16-bit PCM: chunks of samples at times of their own.
#[derive(Clone, Debug, Default)]
pub struct Track {
    /// In Hz.
    pub rate: u32,
    /// Samples of each chunk, and ticks of silence behind it.
    pub chunks: Vec<(Vec<i16>, u32)>,
    /// Duration in ticks of the movie (1000 a second) and media time of each edit.
    pub edits: Vec<(u32, i32)>,
}

impl Track {
    /// A track of one chunk.
    #[must_use]
    pub fn of(samples: &[f64], rate: u32) -> Self {
        Self { rate, chunks: vec![(to_i16(samples), 0)], edits: Vec::new() }
    }

    fn count(&self) -> u32 {
        self.chunks.iter().map(|(samples, _)| samples.len() as u32).sum()
    }

    fn ticks(&self) -> u32 {
        self.count() + self.chunks.iter().map(|(_, gap)| gap).sum::<u32>()
    }

    fn data(&self) -> Vec<u8> {
        let samples = self.chunks.iter().flat_map(|(samples, _)| samples);
        samples.flat_map(|x| x.to_be_bytes()).collect()
    }

    fn table(&self, data_at: u32, fragmented: bool) -> Vec<u8> {
        let mut times = Vec::new();
        let (mut offsets, mut chunks, mut at) = (Vec::new(), Vec::new(), data_at);
        for (index, (samples, gap)) in self.chunks.iter().enumerate() {
            let n = samples.len() as u32;
            times.extend([n - 1, 1, 1, 1 + gap]);
            chunks.extend([index as u32 + 1, n, 1]);
            offsets.push(at);
            at += 2 * n;
        }
        let (count, number) = match fragmented {
            true => (0, 0),
            false => (self.count(), self.chunks.len() as u32),
        };
        if fragmented {
            (times, chunks, offsets) = Default::default();
        }
        let entry = [
            &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 16, 0, 0, 0, 0][..],
            &(self.rate << 16).to_be_bytes(),
        ];
        let entries = [words(&[1]), boxed(b"twos", &entry.concat())].concat();
        let table = [
            full(b"stsd", &entries),
            full(b"stts", &[words(&[2 * number]), words(&times)].concat()),
            full(b"stsc", &[words(&[number]), words(&chunks)].concat()),
            full(b"stsz", &words(&[2, count])),
            full(b"stco", &[words(&[number]), words(&offsets)].concat()),
        ];
        boxed(b"stbl", &table.concat())
    }

    fn trak(&self, id: u32, data_at: u32, fragmented: bool) -> Vec<u8> {
        let mut edits = words(&[self.edits.len() as u32]);
        for (duration, media_time) in &self.edits {
            edits.extend(words(&[*duration, *media_time as u32, 0x1_0000]));
        }
        let mut handler = vec![0; 20];
        handler[4..8].copy_from_slice(b"soun");
        let media = [
            full(b"mdhd", &words(&[0, 0, self.rate, self.ticks(), 0])),
            full(b"hdlr", &handler),
            boxed(b"minf", &self.table(data_at, fragmented)),
        ];
        let mut header = words(&[0, 0, id]);
        header.resize(80, 0);
        let mut trak = full(b"tkhd", &header);
        if !self.edits.is_empty() {
            trak.extend(boxed(b"edts", &full(b"elst", &edits)));
        }
        trak.extend(boxed(b"mdia", &media.concat()));
        boxed(b"trak", &trak)
    }
}

/// Samples in [-1, 1] as 16-bit integers.
#[must_use]
pub fn to_i16(samples: &[f64]) -> Vec<i16> {
    samples.iter().map(|x| (x * 32_767.0).round() as i16).collect()
}

fn movie_header() -> Vec<u8> {
    full(b"mvhd", &words(&[0, 0, 1000, 0]))
}

/// A file with its tables behind the samples.
#[must_use]
pub fn mp4(tracks: &[Track]) -> Vec<u8> {
    let mut file = boxed(b"ftyp", b"M4A \0\0\0\0M4A ");
    let mut moov = movie_header();
    let mut data = Vec::new();
    for (index, track) in tracks.iter().enumerate() {
        let at = file.len() + 8 + data.len();
        moov.extend(track.trak(index as u32 + 1, at as u32, false));
        data.extend(track.data());
    }
    file.extend(boxed(b"mdat", &data));
    file.extend(boxed(b"moov", &moov));
    file
}

/// A fragmented file: each chunk is a fragment at the time, in ticks, that comes with it.
#[must_use]
pub fn fragmented(track: &Track, times: &[u32]) -> Vec<u8> {
    let mut file = boxed(b"ftyp", b"iso5\0\0\0\0iso5");
    let extends = boxed(b"mvex", &full(b"trex", &words(&[1, 1, 1, 2, 0])));
    file.extend(boxed(b"moov", &[movie_header(), track.trak(1, 0, true), extends].concat()));
    for (index, ((samples, _), time)) in track.chunks.iter().zip(times).enumerate() {
        let moof = |offset: u32| {
            let run = [&[0, 0, 0, 1][..], &words(&[samples.len() as u32, offset])].concat();
            let fragment = [
                // The offsets of runs count from the fragment.
                boxed(b"tfhd", &words(&[0x02_0000, 1])),
                full(b"tfdt", &words(&[*time])),
                boxed(b"trun", &run),
            ];
            let parts =
                [full(b"mfhd", &words(&[index as u32 + 1])), boxed(b"traf", &fragment.concat())];
            boxed(b"moof", &parts.concat())
        };
        let len = moof(0).len() as u32;
        file.extend(moof(len + 8));
        let data: Vec<u8> = samples.iter().flat_map(|x| x.to_be_bytes()).collect();
        file.extend(boxed(b"mdat", &data));
    }
    file
}
