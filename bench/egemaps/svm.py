"""The baseline: a linear support vector machine on standardised eGeMAPS functionals."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GroupKFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

COSTS = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]

# Folds of the search for the cost, at most.
INNER_FOLDS = 5


def classifier(cost: float) -> Pipeline:
    """Missing values by their median, standardised, one against the rest, classes weighted by their size."""
    svm = LinearSVC(C=cost, class_weight="balanced", dual=False, max_iter=5000, random_state=1)
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), svm)


def fit(features: np.ndarray, labels: np.ndarray, groups: np.ndarray | None) -> tuple[Pipeline, float]:
    """Trains on features `[n, 88]`, and returns the classifier and its cost: that with the best UA in a cross-validation
    of these utterances alone. `groups` are kept apart in it; without them its folds are stratified."""
    if groups is None:
        folds = StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=1)
    else:
        folds = GroupKFold(min(INNER_FOLDS, len(np.unique(groups))))
    scores = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for cost in COSTS:
            scored = cross_val_score(
                classifier(cost), features, labels, groups=groups, cv=folds, scoring=_ua
            )
            scores[cost] = float(scored.mean())
        best = max(COSTS, key=lambda cost: scores[cost])
        return classifier(best).fit(features, labels), best


def predict(model: Pipeline, features: np.ndarray, allowed: set[str] | None = None) -> np.ndarray:
    """The class of each row, among the allowed ones (a closed set)."""
    scores = model.decision_function(features)
    classes = model.classes_
    if allowed is not None:
        scores = np.where(np.isin(classes, sorted(allowed)), scores, -np.inf)
    return classes[scores.argmax(axis=1)]


def ua(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Unweighted accuracy: the mean recall of the classes that occur."""
    return float(np.mean([(predicted[labels == name] == name).mean() for name in np.unique(labels)]))


def wa(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Weighted accuracy: the share of right predictions."""
    return float((labels == predicted).mean())


def _ua(model: Pipeline, features: np.ndarray, labels: np.ndarray) -> float:
    return ua(labels, model.predict(features))
