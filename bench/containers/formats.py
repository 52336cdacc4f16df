"""The formats that are compared, and how files are re-muxed. Encoders that ffmpeg lacks are left out."""

# Name, extension, options of ffmpeg.
FORMATS = [
    ("wav-s16", "wav", ("-c:a", "pcm_s16le")),
    ("wav-s24-stereo", "wav", ("-c:a", "pcm_s24le", "-ar", "48000", "-ac", "2")),
    ("wav-f32", "wav", ("-c:a", "pcm_f32le", "-ar", "44100")),
    ("wav-mulaw", "wav", ("-c:a", "pcm_mulaw", "-ar", "8000")),
    ("wav-adpcm", "wav", ("-c:a", "adpcm_ms", "-ar", "22050")),
    ("aiff", "aiff", ("-c:a", "pcm_s16be",)),
    ("caf", "caf", ("-c:a", "pcm_s16be",)),
    ("flac", "flac", ()),
    ("flac-stereo", "flac", ("-ar", "48000", "-ac", "2")),
    ("mp3", "mp3", ("-b:a", "64k")),
    ("mp3-vbr-stereo", "mp3", ("-ar", "44100", "-ac", "2", "-q:a", "4")),
    ("mp3-untagged", "mp3", ("-write_xing", "0", "-id3v2_version", "0", "-ar", "32000")),
    ("mp2", "mp2", ("-ar", "32000", "-b:a", "96k")),
    ("adts", "aac", ("-ar", "44100")),
    ("m4a", "m4a", ("-ar", "44100")),
    ("m4a-16k", "m4a", ("-movflags", "+faststart")),
    ("mp4-fragments", "mp4", ("-ar", "48000", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "500000")),
    ("m4a-alac", "m4a", ("-c:a", "alac")),
    ("mov-pcm", "mov", ("-c:a", "pcm_s16le")),
    ("ogg-vorbis", "ogg", ("-c:a", "libvorbis")),
    ("ogg-opus", "opus", ("-c:a", "libopus")),
    ("ogg-flac", "oga", ("-c:a", "flac", "-f", "ogg")),
    ("webm-opus", "webm", ("-c:a", "libopus")),
    ("webm-vorbis", "webm", ("-c:a", "libvorbis")),
    ("mka-aac", "mka", ("-c:a", "aac", "-ar", "44100")),
    ("mka-flac", "mka", ("-c:a", "flac")),
    ("mka-mp3", "mka", ("-c:a", "libmp3lame", "-ar", "44100")),
]

# Containers that the codec of a format can be copied to.
TARGETS = {
    "wav-s16": [".mka", ".mov", ".caf"],
    "flac": [".mka", ".oga", ".mp4"],
    "flac-stereo": [".mka", ".oga"],
    "mp3": [".mka", ".mp4", ".wav"],
    "mp3-vbr-stereo": [".mka", ".mp4"],
    "adts": [".m4a", ".mka", ".mp4"],
    "m4a": [".mka", ".aac", ".mp4", ".mov"],
    "m4a-16k": [".mka", ".aac", ".mp4"],
    "mp4-fragments": [".m4a", ".mka"],
    "m4a-alac": [".caf", ".mka", ".mov"],
    "mov-pcm": [".wav", ".mka"],
    "ogg-vorbis": [".webm", ".mka"],
    "ogg-opus": [".webm", ".mp4", ".mka"],
    "ogg-flac": [".flac", ".mka"],
    "webm-opus": [".opus", ".mp4", ".mka"],
    "webm-vorbis": [".ogg", ".mka"],
    "mka-aac": [".m4a", ".aac"],
    "mka-flac": [".flac", ".oga"],
    "mka-mp3": [".mp3", ".mp4"],
}


def remux(ffmpeg, source, form, stem, rng, cut):
    """Copies the audio of `source` to another container, a part of it if it is to be cut; the path, or `None`."""
    targets = TARGETS.get(form)
    if not targets:
        return None
    target = rng.choice(targets)
    path = stem.parent / f"{stem.name}-remuxed{target}"
    options = ("-f", "ogg") if target == ".oga" else ()
    if target == ".mp4" and rng.random() < 0.3:
        options = ("-movflags", "frag_keyframe+empty_moov", "-frag_duration", "300000")
    # A seek before the input becomes an edit list in MP4 and a late time stamp elsewhere.
    start = ("-ss", f"{rng.uniform(0.2, 0.8):.3f}", "-t", f"{rng.uniform(0.5, 1.5):.3f}") if cut else ()
    offset = ("-itsoffset", f"{rng.uniform(0.5, 3):.3f}") if not cut and rng.random() < 0.3 else ()
    done = ffmpeg(*start, *offset, "-i", source, "-map", "0:a:0", "-c", "copy", *options, path)
    if done.returncode != 0 or not path.exists() or path.stat().st_size == 0:
        path.unlink(missing_ok=True)
        return None
    return path
