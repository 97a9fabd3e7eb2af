"""k-means and hierarchical clusters of the iris measurements."""
import hashlib

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler

x = StandardScaler().fit_transform(load_iris().data)
for k in (2, 3, 4):
    model = KMeans(k, n_init=4, random_state=0).fit(x)
    order = np.lexsort(model.cluster_centers_.T)
    print(k, float(model.inertia_).hex(), float(silhouette_score(x, model.labels_)).hex())
    print(" ", hashlib.sha256(model.cluster_centers_[order].tobytes()).hexdigest())

tree = linkage(pdist(x), "ward")
print(hashlib.sha256(tree.tobytes()).hexdigest(), np.bincount(fcluster(tree, 3, "maxclust")).tolist())
