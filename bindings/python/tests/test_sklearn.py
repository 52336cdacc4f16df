"""Estimators for scikit-learn."""

import pickle

import clstm
import numpy
import pytest
from clstm.sklearn import CLSTMClassifier, CLSTMEmbedder
from conftest import RATE, SAD, SAMPLE, TINY_GRU, tone
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

# Checks that use no array of numbers as input. The others fit on random numbers, which are not recordings.
CHECKS = [
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_set_params,
    estimator_checks.check_valid_tag_types,
]


def fast(**parameters):
    return CLSTMClassifier(preset="clstm", epochs=1, settings=TINY_GRU, **parameters)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("estimator", [CLSTMClassifier(), CLSTMEmbedder()], ids=lambda e: type(e).__name__)
def test_checks_of_scikit_learn(estimator, check):
    check(type(estimator).__name__, clone(estimator))


def test_embeddings_of_a_pipeline(tones):
    paths, labels, speakers = map(numpy.array, tones)
    pipeline = make_pipeline(CLSTMEmbedder("ravdess-clstm-plus", branch=1), StandardScaler(), LogisticRegression())
    scores = cross_val_score(pipeline, paths, labels, groups=speakers, cv=GroupKFold(4))
    assert scores.shape == (4,) and scores.mean() > 0.9, "two pitches are easy to separate"
    embedder = CLSTMEmbedder().fit(paths)
    assert numpy.array_equal(embedder.transform(paths[:2]), clstm.load().embed(list(paths[:2])))
    assert list(embedder.get_feature_names_out()[:2]) == ["e_0", "e_1"]


def test_a_classifier_is_the_model_of_the_command(tones, tmp_path):
    paths, labels, speakers = tones
    classifier = fast(seed=5, output=str(tmp_path / "run")).fit(paths, labels, speakers)
    probabilities = classifier.predict_proba(paths)
    recognizer = clstm.load(tmp_path / "run" / "model.safetensors", min_speech=0.0)
    expected = [list(p.probabilities.values()) for p in recognizer.predict(list(paths))]
    assert list(classifier.classes_) == recognizer.labels == ["happy", "sad"]
    assert numpy.array_equal(probabilities, expected)
    right = classifier.predict(paths) == numpy.array(labels)
    assert classifier.score(paths, labels) == pytest.approx(right.mean())

    again = pickle.loads(pickle.dumps(classifier))
    assert numpy.array_equal(again.predict_proba(paths), probabilities)
    classifier.save(tmp_path / "saved.safetensors")
    assert clstm.load(tmp_path / "saved.safetensors").digest == recognizer.digest


def test_recordings_in_memory_are_trained_on(tones):
    memory = [(tone([300, 900][index % 2], index), RATE) for index in range(8)]
    classifier = fast().fit(memory, ["low", "high"] * 4)
    assert classifier.predict(memory[:2]).shape == (2,)
    assert sorted(classifier.classes_) == ["high", "low"]


def test_classes_are_those_of_the_labels(tones):
    paths, labels, _ = tones
    numbers = numpy.array([7 if label == "happy" else -1 for label in labels])
    classifier = fast(seed=5).fit(paths, numbers)
    assert classifier.classes_.tolist() == [-1, 7] and set(classifier.predict(paths)) <= {-1, 7}
    assert 0.0 <= classifier.score(paths, numbers) <= 1.0
    assert classifier.recognizer_.labels == ["-1", "7"]
    with pytest.raises(ValueError, match="rename them"):
        fast().fit(paths, [f"{label} " for label in labels])


def test_a_second_fit_replaces_the_model(tones):
    paths, labels, _ = tones
    classifier = fast(seed=5).fit(paths, labels)
    first = classifier.predict_proba(paths[:2])
    classifier.set_params(seed=6).fit(paths, labels)
    second = classifier.predict_proba(paths[:2])
    assert not numpy.array_equal(first, second)
    assert numpy.array_equal(second, fast(seed=6).fit(paths, labels).predict_proba(paths[:2]))


def test_a_grid_search_over_settings(tones):
    paths, labels, speakers = map(numpy.array, tones)
    settings = [TINY_GRU, {**TINY_GRU, "optimizer.learning_rate": numpy.float32(1e-2)}]
    search = GridSearchCV(fast(), {"settings": settings}, cv=GroupKFold(2))
    search.fit(paths, labels, groups=speakers)
    assert search.best_params_["settings"] in settings
    assert len(search.cv_results_["mean_test_score"]) == 2


def test_what_is_no_recording_is_refused(tones):
    with pytest.raises(TypeError, match="recordings"):
        CLSTMEmbedder().fit_transform(numpy.zeros((3, 4)))
    with pytest.raises(TypeError, match="one recording"):
        CLSTMEmbedder().fit_transform(str(SAMPLE))
    with pytest.raises(ValueError, match="labels"):
        fast().fit([SAMPLE, SAD], ["happy"])
    with pytest.raises(clstm.CommandError, match="preset|setting"):
        CLSTMClassifier(settings={"no.such.setting": 1}).fit(*tones[:2])
