"""Reads the files of tests/it/consumers.rs with the libraries of other tools, and checks what they find.

check.py --available    exits with 0 if the libraries are installed
check.py FOLDER         checks the files
"""
import csv
import json
import sys
from pathlib import Path

try:
    import pympi
    import pysrt
    import textgrid
    import webvtt
    from praatio import textgrid as praat
    from pyannote.core import Annotation, Segment
except ImportError as error:
    sys.exit(f"a package of requirements.txt is missing: {error}")


def check(condition, message):
    if not condition:
        raise SystemExit(message)


def rttm(path):
    """pyannote writes RTTM and reads it through its columns: ten, separated by white space."""
    annotation = Annotation(uri="call")
    found = []
    for line in path.read_text().splitlines():
        fields = line.split()
        if fields[0] != "SPEAKER":
            continue
        check(len(fields) == 10, f"{line}: not ten fields")
        start, duration = float(fields[3]), float(fields[4])
        annotation[Segment(start, start + duration), len(found)] = fields[7]
        found.append((fields[6], fields[8]))
    check(annotation.labels() == ["anna", "ben"], f"{annotation.labels()}")
    check(annotation.to_rttm().startswith("SPEAKER call 1 0.500 2.250 <NA> <NA> anna"), annotation.to_rttm())
    check(found == [("sad", "0.8"), ("no_speech", "0.93")], f"{found}")


def srt(path):
    cues = pysrt.open(str(path))
    check([cue.start.ordinal for cue in cues] == [500, 2000], "times")
    check(cues[0].text == "[sad 80%] Good <i>morning</i>\nto you", cues[0].text)


def vtt(path):
    cues = list(webvtt.read(str(path)))
    check([cue.start for cue in cues] == ["00:00:00.500", "00:00:02.000"], f"{cues}")
    check(cues[0].voice == "Anna" if hasattr(cues[0], "voice") else True, "the voice")
    check("[sad 80%] Good morning" in cues[0].text, cues[0].text)
    check(cues[0].identifier == "intro", f"{cues[0].identifier}")


def grid(path, source):
    tiers = praat.openTextgrid(str(path), includeEmptyIntervals=False)
    for name, texts in {
        f"{source} emotion": ["sad", "no_speech"],
        f"{source} confidence": ["0.8"],
        f"{source} probabilities": ["happy=0.2 sad=0.8"],
    }.items():
        entries = tiers.getTier(name).entries
        check([entry.label for entry in entries] == texts, f"{path.name} {name}: {entries}")
    times = [(entry.start, entry.end) for entry in tiers.getTier(f"{source} emotion").entries]
    check(times == [(e.start, e.end) for e in tiers.getTier(source).entries], f"{times}")
    if not path.name.startswith("utf16"):
        other = textgrid.TextGrid.fromFile(str(path))
        check(other.getFirst(f"{source} emotion")[-1].mark == "no_speech", "textgrid")


def eaf(path):
    document = pympi.Elan.Eaf(str(path))
    check("A & words emotion" in document.get_tier_names(), f"{document.get_tier_names()}")
    found = document.get_ref_annotation_data_for_tier("A & words emotion")
    check([row[2] for row in found] == ["sad", "no_speech"] and found[0][0] == 500, f"{found}")
    check(document.get_parameters_for_tier("A & words emotion")["PARENT_REF"] == "A & words", "parent")
    check(document.get_annotation_data_for_tier("A & words")[0][2] == "good <morning>", "the words")
    document.to_file(str(path.with_suffix(".again.eaf")))


def audacity(path):
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    check(rows[0] == ["0.500000", "2.750000", "[sad 80%] good morning"], f"{rows}")


def whisper(path):
    segments = json.loads(path.read_text())["segments"]
    check(segments[0]["emotion"]["probabilities"] == {"happy": 0.2, "sad": 0.8}, f"{segments}")
    check(segments[1]["words"][0]["score"] == 0.9, f"{segments}")


def fields_of(path):
    lines = [line.split() for line in path.read_text().splitlines() if line.startswith("SPEAKER")]
    check(all(len(fields) == 10 for fields in lines), f"{lines}")
    annotation = Annotation(uri="call")
    for number, fields in enumerate(lines):
        start = float(fields[3])
        annotation[Segment(start, start + float(fields[4])), number] = fields[7]
    check(annotation.labels() == ["anna", "ben"], f"{annotation.labels()}")
    return lines


def dimensions(folder):
    """Files of a model with arousal and valence."""
    first = fields_of(folder / "more.rttm")[0]
    values = dict(pair.split("=") for pair in first[5].split(";"))
    check(values == {"happy": "0.2", "sad": "0.8", "dim_arousal": "3.25", "dim_valence": "-0.1235"}, f"{values}")
    check(pysrt.open(str(folder / "more.srt"))[0].text.startswith("[sad 80%, arousal 3.25, valence -0.12] Good"), "SRT")
    cues = list(webvtt.read(str(folder / "more.vtt")))
    check("[sad 80%] Good morning" in cues[0].text, cues[0].text)
    notes = [line for line in (folder / "more.vtt").read_text().splitlines() if line.startswith("NOTE clstm ")]
    check(json.loads(notes[0][len("NOTE clstm "):])["dimensions"] == {"arousal": 3.25, "valence": -0.1235}, f"{notes}")
    tiers = praat.openTextgrid(str(folder / "more.TextGrid"), includeEmptyIntervals=False)
    check([entry.label for entry in tiers.getTier("words arousal").entries] == ["3.25"], "praatio")
    other = textgrid.TextGrid.fromFile(str(folder / "more.TextGrid"))
    check(other.getFirst("words valence")[1].mark == "-0.1235", "textgrid")
    document = pympi.Elan.Eaf(str(folder / "more.eaf"))
    found = document.get_ref_annotation_data_for_tier("A & words arousal")
    check([row[2] for row in found] == ["3.25", ""], f"{found}")
    check((folder / "more.txt").read_text().split("\t")[2].startswith("[sad 80%, arousal 3.25, valence -0.12] good"), "Audacity")
    rows = list(csv.DictReader((folder / "more.csv").open(newline="")))
    check([row["emotion_dim_arousal"] for row in rows] == ["3.25", ""], f"{rows}")
    segments = json.loads((folder / "more.json").read_text())["segments"]
    check(segments[0]["emotion"]["dimensions"] == {"arousal": 3.25, "valence": -0.1235}, f"{segments}")


def channels(folder):
    """Files whose segments were processed on two channels."""
    lines = fields_of(folder / "more.rttm")
    check([(line[2], line[6]) for line in lines] == [("1", "sad"), ("2", "happy"), ("1", "no_speech"), ("2", "outside")], f"{lines}")
    check(pysrt.open(str(folder / "more.srt"))[0].text.startswith("[channel 0: sad 80%; channel 1: ? happy 60%] Good"), "SRT")
    cues = list(webvtt.read(str(folder / "more.vtt")))
    check(len(cues) == 2 and "channel 1: ? happy 60%] Good morning" in cues[0].text, cues[0].text)
    tiers = praat.openTextgrid(str(folder / "more.TextGrid"), includeEmptyIntervals=False)
    other = textgrid.TextGrid.fromFile(str(folder / "more.TextGrid"))
    document = pympi.Elan.Eaf(str(folder / "more.eaf"))
    for channel, label in [(0, "sad"), (1, "happy")]:
        check(tiers.getTier(f"words emotion {channel}").entries[0].label == label, "praatio")
        check(other.getFirst(f"words emotion {channel}")[1].mark == label, "textgrid")
        found = document.get_ref_annotation_data_for_tier(f"A & words emotion {channel}")
        check(found[0][2] == label, f"{found}")
    check("channel 1: ? happy 60%] good" in (folder / "more.txt").read_text(), "Audacity")
    rows = list(csv.DictReader((folder / "more.csv").open(newline="")))
    check([(row["channel"], row["emotion"]) for row in rows] == [("0", "sad"), ("1", "happy"), ("0", ""), ("1", "")], f"{rows}")
    segments = json.loads((folder / "more.json").read_text())["segments"]
    check([found["channel"] for found in segments[0]["emotion"]] == [0, 1], f"{segments}")


def main():
    if sys.argv[1] == "--available":
        return
    folder = Path(sys.argv[1])
    dimensions(folder / "dimensions")
    channels(folder / "channels")
    rttm(folder / "call.rttm")
    srt(folder / "call.srt")
    vtt(folder / "call.vtt")
    for name in ["long", "short", "utf16"]:
        grid(folder / f"{name}.TextGrid", "words")
    eaf(folder / "call.eaf")
    audacity(folder / "call.txt")
    whisper(folder / "call.json")


main()
