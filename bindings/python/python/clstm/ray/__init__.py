"""Scoring and cross-validation on a Ray cluster: `pip install 'clstm[ray]'`.

    from clstm.ray import score

    scores = score(paths, output="scores")
    print(scores.rows, scores.failed, scores.files_per_second)

`score` labels recordings on all nodes and writes Parquet; a second call continues. `cross_validate` and `ablate` train each
fold as a task of its own. `docs/ray.md` is the guide.
"""

from .folds import ablate, cross_validate
from .scoring import Scores, score

__all__ = ["Scores", "ablate", "cross_validate", "score"]
