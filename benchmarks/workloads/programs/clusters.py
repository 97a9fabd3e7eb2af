"""Clusters in flowers, wines and made-up points: k-means, mixtures, trees, densities, and how good each is."""

import hashlib

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import (
    DBSCAN,
    AgglomerativeClustering,
    Birch,
    KMeans,
    MeanShift,
    MiniBatchKMeans,
    SpectralClustering,
)
from sklearn.datasets import load_iris, load_wine, make_blobs, make_moons
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, calinski_harabasz_score, silhouette_score
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.preprocessing import StandardScaler


def show(name, values):
    """The bits of an array."""
    values = np.ascontiguousarray(values)
    print(name, values.shape, hashlib.sha256(values.tobytes()).hexdigest()[:32], float(np.sum(values)).hex())


blobs, blob_labels = make_blobs(900, 5, centers=6, cluster_std=1.4, random_state=4)
moons, moon_labels = make_moons(500, noise=0.06, random_state=5)
iris, wine = load_iris(), load_wine()
tables = {
    "blobs": (blobs, blob_labels, 6),
    "moons": (moons, moon_labels, 2),
    "iris": (iris.data, iris.target, 3),
    "wine": (wine.data, wine.target, 3),
}
for name, (raw, truth, k) in tables.items():
    x = StandardScaler().fit_transform(raw)
    methods = {
        "k-means": KMeans(k, n_init=6, random_state=0),
        "batches": MiniBatchKMeans(k, n_init=3, random_state=0),
        "ward": AgglomerativeClustering(k),
        "birch": Birch(n_clusters=k, threshold=0.6),
        "density": DBSCAN(eps=0.3 if name == "moons" else 0.9),
        "spectral": SpectralClustering(k, gamma=4 if name == "moons" else 0.5, random_state=0),
    }
    for method, model in methods.items():
        labels = model.fit_predict(x)
        agreement = adjusted_rand_score(truth, labels)
        print(f"{name:6s} {method:9s} {len(set(labels.tolist()))} {float(agreement).hex()}")

x = StandardScaler().fit_transform(blobs)
for k in range(2, 9):
    model = KMeans(k, n_init=4, random_state=1).fit(x)
    order = np.lexsort(model.cluster_centers_.T)
    scores = silhouette_score(x, model.labels_), calinski_harabasz_score(x, model.labels_)
    print(k, *(float(score).hex() for score in (model.inertia_, *scores)))
    show("centres", model.cluster_centers_[order])

for kind in ("full", "tied", "diag", "spherical"):
    criteria = [GaussianMixture(k, covariance_type=kind, random_state=2).fit(x).bic(x) for k in range(1, 8)]
    show(f"mixture {kind} {int(np.argmin(criteria)) + 1}", np.array(criteria))
bayesian = BayesianGaussianMixture(n_components=10, weight_concentration_prior=1e-3, max_iter=200, random_state=3)
show("bayesian", np.sort(bayesian.fit(x).weights_))
show("shifted", MeanShift(bandwidth=1.0).fit(x[:300]).cluster_centers_)

tree = linkage(StandardScaler().fit_transform(wine.data), "average")
show("tree", tree)
print(np.bincount(fcluster(tree, 5, "maxclust")).tolist())
show("plane", np.abs(PCA(2, svd_solver="full").fit_transform(x)))
