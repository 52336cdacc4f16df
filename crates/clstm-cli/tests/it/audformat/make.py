"""Writes the database of this folder with audformat 1.4.3, whose tables are Parquet files by default: make.py FOLDER"""
import sys

import audformat
import pandas

database = audformat.Database("db", source="x", usage="research")
database.schemes["emotion"] = audformat.Scheme("str", labels=["happy", "sad"])
database.schemes["speaker"] = audformat.Scheme("str")
database.raters["anna"] = audformat.Rater(audformat.define.RaterType.HUMAN)
files = audformat.filewise_index(["a.wav", "b.wav", "c.wav"])
database["emotion"] = audformat.Table(files)
database["emotion"]["anna"] = audformat.Column(scheme_id="emotion", rater_id="anna")
database["emotion"]["anna"].set(["happy", None, "sad"])
database["parts"] = audformat.Table(audformat.segmented_index(["a.wav", "b.wav"], ["0.5s", "0s"], ["1.25s", pandas.NaT]))
database["parts"]["label"] = audformat.Column(scheme_id="emotion", rater_id="anna")
database["parts"]["label"].set(["sad", "happy"])
database["files"] = audformat.Table(files)
database["files"]["speaker"] = audformat.Column(scheme_id="speaker")
database["files"]["speaker"].set(["s1", "s2", "s3"])
database.save(sys.argv[1])
