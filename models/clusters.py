"""Texts in groups of a kind: clusters of their vectors, each with the words that set it apart.

Spherical k-means (Dhillon & Modha 2001) around the mean, since what all texts have in common tells
them not apart (Mu & Viswanath 2018), with the number of clusters by silhouette (Rousseeuw 1987);
names by class-based TF-IDF (Grootendorst 2022); seeded, so that the same texts always fall
into the same groups. Knows neither what the texts are nor where the vectors come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.embedding import Matrix

SEED = 0
BY_WORDS = "words"
"""The name of vectors by hashed words."""
MOST_CLUSTERS = 24
FEWEST_TEXTS = 20
"""Distinct texts a cluster, on average, below which there are no more clusters: with fewer, the
ways to deal with them cannot be told apart."""
LEAST_SILHOUETTE = 0.05
"""Below it the best clustering is none, and all texts are of one kind."""
JUDGED = 2000
"""Texts that the silhouette is computed on, at most."""
WORDS = 20


@dataclass(frozen=True)
class Clusters:
    """`labels` one a text, 0 to k-1; `centroids` float32 (k, d), each of length one, of the
    vectors less `mean` (d)."""

    labels: tuple[int, ...]
    centroids: Matrix
    mean: Any
    silhouette: float | None

    def cosines(self, vectors: Matrix) -> Matrix:
        """Of each row with each centroid, (n, k)."""
        return cosines(vectors, self.mean, self.centroids)


class WordVectors:
    """Vectors by hashed words, for a machine without an embedding model: texts are near when
    they share words. The same interface as `Embedder`."""

    name = BY_WORDS
    _SIZE = 1024

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row a text: float32 (n, 1024), of length one, or zero where there is no word."""
        import numpy as np
        from sklearn.feature_extraction.text import HashingVectorizer

        hashing = HashingVectorizer(n_features=self._SIZE, stop_words="english", norm="l2")
        return np.asarray(hashing.transform(list(texts)).toarray(), dtype=np.float32)


def cluster(vectors: Matrix) -> Clusters:
    """Groups the rows (float32 (n, d), of length one, n > 0)."""
    import numpy as np

    best = _single(vectors)
    distinct = len(np.unique(vectors.round(6), axis=0))
    most = min(MOST_CLUSTERS, distinct // FEWEST_TEXTS)
    mean = vectors.mean(axis=0)
    for count in range(2, most + 1):
        found = _k_means(vectors, mean, count)
        least = LEAST_SILHOUETTE if best.silhouette is None else best.silhouette
        if found.silhouette is not None and found.silhouette > least:
            best = found
    return best


def cosines(vectors: Matrix, mean: Any, centroids: Matrix) -> Matrix:
    """Of each row less the mean with each centroid, (n, k)."""
    found: Matrix = _unit(vectors - mean) @ centroids.T
    return found


def key_words(texts: Sequence[str], labels: Sequence[int]) -> list[dict[str, float]]:
    """For each cluster its words with their c-TF-IDF weights, the highest first; only words that
    several of its texts have, where it has several."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(stop_words="english", binary=True, token_pattern=r"[^\W\d_]{3,}")
    try:
        rows = counter.fit_transform(texts)
    except ValueError:  # no text has a word
        return [{} for _ in range(max(labels) + 1)]
    members = np.array(labels)
    groups = [members == label for label in range(max(labels) + 1)]
    counts = np.array([np.asarray(rows[group].sum(axis=0))[0] for group in groups], dtype=float)
    sizes = np.array([group.sum() for group in groups])
    weights = _class_tf_idf(counts)
    weights[counts < np.minimum(sizes, 2)[:, None]] = 0
    return [_top(row, counter.get_feature_names_out()) for row in weights]


def _single(vectors: Matrix) -> Clusters:
    centre = vectors.mean(axis=0, keepdims=True)
    return Clusters((0,) * len(vectors), _unit(centre), 0 * centre[0], None)


def _k_means(vectors: Matrix, mean: Any, count: int) -> Clusters:
    """On rows of length one k-means by distance is k-means by angle, but for the means' length."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    rows = _unit(vectors - mean)
    fitted = KMeans(count, n_init=4, random_state=SEED).fit(rows)
    labels = fitted.labels_
    score = None
    if 1 < len(set(labels.tolist())) < len(rows):
        size = min(JUDGED, len(rows))
        score = float(silhouette_score(rows, labels, sample_size=size, random_state=SEED))
    return Clusters(tuple(labels.tolist()), _unit(fitted.cluster_centers_), mean, score)


def _unit(rows: Any) -> Matrix:
    import numpy as np

    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Matrix = (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit


def _class_tf_idf(counts: Any) -> Any:
    """Frequency inside the cluster times log(1 + average words a cluster / frequency of all)."""
    import numpy as np

    per_cluster = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    everywhere = np.maximum(counts.sum(axis=0, keepdims=True), 1)
    return counts / per_cluster * np.log1p(per_cluster.mean() / everywhere)


def _top(weights: Any, words: Any) -> dict[str, float]:
    order = sorted(range(len(words)), key=lambda i: (-weights[i], words[i]))[:WORDS]
    return {str(words[i]): float(weights[i]) for i in order if weights[i] > 0}
