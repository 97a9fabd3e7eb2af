"""Statistics and scikit-learn."""

import numpy as np
from algorithms import eigen, linear
from algorithms.sums import chain, pairwise, running
from kernel import Kernel, random
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics.pairwise import euclidean_distances


def measurements(n, m):
    """Columns of different size and offset, of which the last nearly follows from the others."""
    x = random(1).normal(size=(n, m)) + np.arange(1.0, m + 1)
    x[:, -1] = x[:, :-1].sum(axis=1) + 1e-3 * x[:, -1]
    return x


def outcomes(n):
    return random(2).normal(size=n) + 3.0


def clouds(n):
    """Three groups of points, and where to look for their centres."""
    centres = np.array([[0.0, 0.0], [10.0, 1.0], [4.0, 9.0]])
    return np.concatenate([c + random(3).normal(size=(n, 2)) for c in centres]) + 100.0 / 3, centres + 33.0


def centred(x):
    offset = running(x) / len(x)
    return x - offset, offset


def kmeans(x, start):
    return KMeans(3, init=start, n_init=1).fit(x).cluster_centers_


def emulated_kmeans(x, start):
    """Lloyd's iterations, on the data less their mean as scikit-learn makes them."""
    x, offset = centred(x)
    centres, labels = start - offset, None
    while True:
        new = [min(range(3), key=lambda k, row=row: float(sum((row - centres[k]) ** 2))) for row in x]
        if new == labels:
            return centres + offset
        labels = new
        members = [[row for row, label in zip(x, labels, strict=True) if label == k] for k in range(3)]
        centres = np.array([running(rows) * (1.0 / (rows[0][0] * 0.0 + len(rows))) for rows in members], object)


def variances_of_components(x):
    return PCA(svd_solver="full").fit(x).explained_variance_


def emulated_variances_of_components(x):
    values = eigen.singular_values(centred(x)[0])
    return values * values / (len(x) - 1)


def linear_regression(x, y):
    model = LinearRegression().fit(x, y)
    return model.coef_, model.intercept_


def emulated_linear_regression(x, y):
    (x, x_offset), y_offset = centred(x), pairwise(y) / len(y)
    coefficients = linear.least_squares(x, y - y_offset)
    return coefficients, y_offset - chain(x_offset, coefficients)


def ridge(x, y):
    return Ridge(alpha=1e-3, solver="cholesky").fit(x, y).coef_


def emulated_ridge(x, y):
    (x, _), y_offset = centred(x), pairwise(y) / len(y)
    a = linear.product(x.T, x)
    for k in range(len(a)):
        a[k, k] = a[k, k] + 1e-3
    lower = linear.cholesky(a)
    return linear.backward(lower.T, linear.forward(lower, linear.product(x.T, y - y_offset)))


def distances(x):
    return euclidean_distances(x[::2], x[1::2])


def emulated_distances(x):
    """scikit-learn's expansion x² - 2xy + y², which cancels for points far from the origin."""
    a, b = x[::2], x[1::2]
    squares = -2.0 * linear.product(a, b.T)
    squares = squares + np.array([[chain(row, row)] for row in a], object)
    return np.sqrt(squares + np.array([[chain(row, row) for row in b]], object))


def logistic_regression(x, y, steps):
    """Newton's method on the likelihood, in NumPy."""
    w = np.zeros(x.shape[1])
    for _ in range(steps):
        p = 1.0 / (1.0 + np.exp(-(x @ w)))
        hessian = x.T @ (x * (p * (1.0 - p))[:, None])
        w = w + np.linalg.solve(hessian, x.T @ (y - p))
    return w


def emulated_logistic_regression(x, y, steps):
    w = np.array([x[0, 0] * 0.0] * x.shape[1], object)
    for _ in range(steps):
        p = 1.0 / (1.0 + np.exp(-linear.product(x, w)))
        hessian = linear.product(x.T, x * (p * (1.0 - p))[:, None])
        w = w + linear.solve(hessian, linear.product(x.T, y - p))
    return w


def standardised(x):
    return (x - np.mean(x, axis=0)) / np.std(x, axis=0)


def emulated_standardised(x):
    deviations, _ = centred(x)
    return deviations / np.sqrt(running(deviations * deviations) / len(x))


def classes(n):
    x = random(4).normal(size=(n, 3))
    return x, np.where(x[:, 0] + random(5).normal(size=n) > 0, 1.0, 0.0), 6


KERNELS = [
    Kernel("k-means", kmeans, lambda: clouds(60), emulated_kmeans),
    Kernel("PCA", variances_of_components, lambda: (measurements(100, 6),), emulated_variances_of_components),
    Kernel(
        "linear regression",
        linear_regression,
        lambda: (measurements(100, 5), outcomes(100)),
        emulated_linear_regression,
        note="reference by QR, where scikit-learn calls lstsq (SVD): both are backward stable",
    ),
    Kernel("ridge regression", ridge, lambda: (measurements(100, 5), outcomes(100)), emulated_ridge),
    Kernel("Euclidean distances", distances, lambda: (clouds(10)[0],), emulated_distances),
    Kernel("logistic regression", logistic_regression, lambda: classes(80), emulated_logistic_regression),
    Kernel("standardised columns", standardised, lambda: (measurements(100, 5),), emulated_standardised),
]
