"""Hugging Face habits: Parquet with embedded audio as a corpus, and model folders in the hub's layout."""

import csv
import json

import clstm
import pyarrow
import pyarrow.parquet
import pytest
from clstm.datasets import write_audiofolder
from conftest import SAD, SAMPLE, cross_validate, needs


def rows(tones):
    return [
        {"audio": {"bytes": open(path, "rb").read(), "path": path}, "label": label, "speaker": speaker}
        for path, label, speaker in zip(*tones)
    ]


def metadata(folder):
    with open(folder / "metadata.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_parquet_with_embedded_audio_is_a_corpus(tones, manifest, tmp_path):
    file = tmp_path / "emotions.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows(tones)), file)
    folder = write_audiofolder(file, tmp_path / "corpus", speaker="speaker")
    listed = metadata(folder)
    assert [(row["label"], row["speaker"]) for row in listed] == list(zip(*tones[1:]))
    for row, path in zip(listed, tones[0]):
        assert (folder / row["file_name"]).read_bytes() == open(path, "rb").read()
    runs = [
        cross_validate(tmp_path / "unpacked", corpus="audiofolder", data=folder),
        # The command reads the file itself.
        cross_validate(tmp_path / "rows", corpus="manifest", data=file),
    ]
    for run in runs:
        assert sum(fold["test_utterances"] for fold in run.metrics["folds"]) == len(tones[0])


def test_datasets_of_the_library_keep_classes_and_splits(tones, tmp_path):
    datasets = needs("datasets")
    items = [{**row, "label": ["happy", "sad"].index(row["label"])} for row in rows(tones)]

    def dataset(part):
        # Casts do not decode, which would need a decoder.
        made = datasets.Dataset.from_list(part).cast_column("audio", datasets.Audio(decode=False))
        return made.cast_column("label", datasets.ClassLabel(names=["happy", "sad"]))

    splits = datasets.DatasetDict({"train": dataset(items[:8]), "test": dataset(items[8:])})
    folder = write_audiofolder(splits, tmp_path / "from-dataset", speaker="speaker")
    listed = metadata(folder)
    assert [row["label"] for row in listed] == list(tones[1])
    assert [row["split"] for row in listed] == ["train"] * 8 + ["test"] * 8
    for name, part in splits.items():
        part.to_parquet(tmp_path / "files" / f"{name}-00000-of-00001.parquet")
    again = write_audiofolder(tmp_path / "files", tmp_path / "from-files", speaker="speaker")
    key = lambda row: (row["split"], row["label"], row["speaker"])  # noqa: E731
    assert sorted(map(key, metadata(again))) == sorted(map(key, listed))
    for data in (again, tmp_path / "files"):
        output = tmp_path / "runs" / data.name
        run = cross_validate(output, corpus="audiofolder", data=data, split="given", folds=None)
        assert run.metrics["folds"][0]["test_utterances"] == 8
        assert run.metrics["labels"] == ["happy", "sad"]


def test_names_in_a_file_are_no_paths(tmp_path):
    audio = {"bytes": SAMPLE.read_bytes(), "path": "../../outside.wav"}
    table = pyarrow.Table.from_pylist([{"audio": audio, "label": "a"}, {"audio": {**audio, "path": None}, "label": None}])
    pyarrow.parquet.write_table(table, tmp_path / "hostile.parquet")
    folder = write_audiofolder(tmp_path / "hostile.parquet", tmp_path / "inside")
    names = sorted(path.name for path in (folder / "audio").iterdir())
    assert names == ["0000000-outside.wav", "0000001.wav"]
    assert not (tmp_path / "outside.wav").exists()
    secret = tmp_path / "secret.wav"
    secret.write_bytes(SAD.read_bytes())
    table = pyarrow.Table.from_pylist([{"audio": {"bytes": None, "path": str(secret)}, "label": "a"}])
    pyarrow.parquet.write_table(table, tmp_path / "path.parquet")
    with pytest.raises(ValueError, match="row 0 has no bytes"):
        write_audiofolder(tmp_path / "path.parquet", tmp_path / "paths")
    with pytest.raises(FileExistsError):
        write_audiofolder(tmp_path / "hostile.parquet", folder)
    with pytest.raises(KeyError, match="there is no column emotion; there are audio, label"):
        write_audiofolder(tmp_path / "hostile.parquet", tmp_path / "new", label="emotion")
    # What failed has left the folder empty.
    assert metadata(write_audiofolder(tmp_path / "hostile.parquet", tmp_path / "new"))[0]["label"] == "a"
    with pytest.raises(FileNotFoundError):
        write_audiofolder(tmp_path / "inside", tmp_path / "none")


def test_recordings_without_a_class_have_no_label(tmp_path):
    names = {"info": {"features": {"label": {"names": ["happy", "sad"], "_type": "ClassLabel"}}}}

    def write(*labels):
        file = tmp_path / "classes.parquet"
        table = pyarrow.Table.from_pylist([{"audio": {"bytes": SAMPLE.read_bytes()}, "label": label} for label in labels])
        pyarrow.parquet.write_table(table.replace_schema_metadata({"huggingface": json.dumps(names)}), file)
        return file

    folder = write_audiofolder(write(1, -1, 0), tmp_path / "folder")
    assert [row["label"] for row in metadata(folder)] == ["sad", "", "happy"]
    with pytest.raises(ValueError, match="no class 2; the classes are happy, sad"):
        write_audiofolder(write(2), tmp_path / "wrong")


def test_a_model_folder_of_the_hub_is_a_model(recognizer, tmp_path):
    folder = tmp_path / "model"
    clstm.run("export", "--format", "huggingface", "--output", folder, log=None)
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    loaded = clstm.load(folder)
    assert loaded.labels == recognizer.labels
    assert loaded.predict([SAMPLE, SAD]) == recognizer.predict([SAMPLE, SAD])
    config = json.loads((folder / "config.json").read_text())
    assert list(config["id2label"].values()) == recognizer.labels
    yaml = needs("yaml")
    card = (folder / "README.md").read_text()
    about = yaml.safe_load(card.split("---\n")[1])
    assert about["library_name"] == "clstm" and about["pipeline_tag"] == "audio-classification"
    assert about["license"] == "other" and about["license_name"]
    hub = needs("huggingface_hub")
    assert hub.ModelCard(card).data.library_name == "clstm"
    with pytest.raises(clstm.ModelError) as raised:
        clstm.load(tmp_path)
    assert raised.value.kind == "not_found" and "model.safetensors" in str(raised.value)
