"""Reads the pre-annotations of tests/it/annotators.rs with the libraries of annotation tools, corrects them as people would, and
writes what the tools write.

annotators.py --available    exits with 0 if the libraries are installed
annotators.py FOLDER         tasks.json, config.xml, db.yaml, db.emotion.csv, pre.eaf -> export.json, corrected/, corrected.eaf
"""
import json
import sys
from pathlib import Path

try:
    import audformat
    import pandas
    import pympi
    from label_studio_sdk.converter import Converter
    from label_studio_sdk.label_interface import LabelInterface
except ImportError as error:
    sys.exit(f"a package of requirements.txt is missing: {error}")

LABELS = {"anna": ["happy", "sad", None, "sad"], "ben": ["sad", "sad", "happy", "sad"]}


def check(condition, message):
    if not condition:
        raise SystemExit(message)


def label_studio(folder):
    interface = LabelInterface((folder / "config.xml").read_text())
    interface.validate()
    tasks = json.loads((folder / "tasks.json").read_text())
    export = []
    for index, task in enumerate(tasks):
        for prediction in task["predictions"]:
            errors = interface.validate_prediction(prediction, return_errors=True)
            check(errors == [], f"{errors}")
        annotations = []
        for rater, labels in LABELS.items():
            if labels[index] is None:
                continue
            result = {"from_name": "emotion", "to_name": "audio", "type": "choices", "value": {"choices": [labels[index]]}}
            annotation = {"completed_by": {"email": rater}, "was_cancelled": False, "result": [result]}
            check(interface.validate_annotation(annotation), f"{annotation}")
            annotations.append(annotation)
        export.append(task | {"id": index, "annotations": annotations})
    raw = folder / "raw.json"
    raw.write_text(json.dumps(export))
    converter = Converter(config=str(folder / "config.xml"), project_dir=None)
    converter.convert_to_json(str(raw), str(folder / "converted"), is_dir=False)
    (folder / "converted/result.json").rename(folder / "export.json")


def audformat_database(folder):
    database = audformat.Database.load(folder)
    table = database["emotion"]
    check(list(table.df["emotion"].dropna()) == ["happy", "sad"], f"{table.df}")
    check(database.raters["clstm"].type == "machine", f"{database.raters}")
    for rater, labels in LABELS.items():
        database.raters[rater] = audformat.Rater(audformat.define.RaterType.HUMAN)
        table[rater] = audformat.Column(scheme_id="emotion", rater_id=rater)
        table[rater].set(labels)
    database.schemes["speaker"] = audformat.Scheme("str")
    database["files"] = audformat.Table(audformat.filewise_index(list(table.files)))
    database["files"]["speaker"] = audformat.Column(scheme_id="speaker")
    database["files"]["speaker"].set([f"s{index}" for index in range(len(table.files))])
    parts = audformat.segmented_index(list(table.files[:2]), ["0.5s", "0s"], ["1.25s", pandas.NaT])
    database["parts"] = audformat.Table(parts)
    database["parts"]["label"] = audformat.Column(scheme_id="emotion", rater_id="ben")
    database["parts"]["label"].set(["sad", "happy"])
    database.save(folder / "corrected", storage_format="csv")


def elan(folder):
    document = pympi.Elan.Eaf(str(folder / "pre.eaf"))
    found = document.get_annotation_data_for_tier("emotion")
    check([row[2] for row in found] == ["sad", "happy"], f"{found}")
    confidences = document.get_ref_annotation_data_for_tier("confidence")
    check([row[2] for row in confidences] == ["0.8", "0.6"], f"{confidences}")
    start, end = found[0][:2]
    document.remove_ref_annotation("confidence", start)
    document.remove_ref_annotation("probabilities", start)
    document.remove_annotation("emotion", start + 1)
    document.add_annotation("emotion", start, end, "bored & tired")
    document.to_file(str(folder / "corrected.eaf"))


def main():
    if sys.argv[1] == "--available":
        return
    folder = Path(sys.argv[1])
    label_studio(folder)
    audformat_database(folder)
    elan(folder)


main()
