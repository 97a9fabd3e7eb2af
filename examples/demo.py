"""Measurements of 442 patients, analysed twice: each unstable formulation stands beside its stable twin."""

import numpy as np
from scipy.optimize import brent, fixed_point
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA


def spread_by_covariance_unstable(x):
    """The narrow directions drown in the squares of the wide ones."""
    return PCA(svd_solver="covariance_eigh").fit(x).explained_variance_


def spread_by_svd_stable(x):
    return PCA(svd_solver="full").fit(x).explained_variance_


def fit_by_normal_equations_unstable(a, y):
    """The condition number of a.T @ a is the square of that of a."""
    return np.linalg.solve(a.T @ a, a.T @ y)


def fit_by_lstsq_stable(a, y):
    return np.linalg.lstsq(a, y)[0]


def variance_by_squares_unstable(x):
    """Two large numbers, nearly equal."""
    return np.mean(x * x) - np.mean(x) ** 2


def variance_by_deviations_stable(x):
    return np.mean((x - np.mean(x)) ** 2)


def small_root_by_formula_unstable(b, c):
    """The root of x*x + b*x + c that is close to 0: b nearly cancels the square root."""
    return (-b + np.sqrt(b * b - 4.0 * c)) / 2.0


def small_root_by_product_stable(b, c):
    return 2.0 * c / (-b - np.sqrt(b * b - 4.0 * c))


def log_growth_by_log_unstable(rate):
    """1 + rate drops the digits of a small rate."""
    return np.log(1.0 + rate)


def log_growth_by_log1p_stable(rate):
    return np.log1p(rate)


def weibull_shape_by_likelihood_unstable(x):
    """Around its maximum the likelihood is flat: half of the digits of the shape cannot change it."""

    def minus_log_likelihood(k):
        return -np.log(k) + np.log(np.mean(x**k)) - (k - 1.0) * np.mean(np.log(x))

    return brent(minus_log_likelihood, brack=(1.0, 2.0, 4.0))


def weibull_shape_by_score_stable(x):
    """Where the derivative of the same likelihood vanishes."""

    def next_shape(k):
        weights = x**k
        return 1.0 / (np.sum(weights * np.log(x)) / np.sum(weights) - np.mean(np.log(x)))

    return fixed_point(next_shape, 2.0, xtol=1e-12)


def show(quantity, unstable, stable):
    print(f"{quantity:20}{np.ravel(unstable)[-1]:25.16g}{np.ravel(stable)[-1]:25.16g}")


def main():
    patients = load_diabetes(scaled=False)
    age, bmi, pressure, progression = *patients.data.T[[0, 2, 3]], patients.target
    born = 2460000.5 - 365.2425 * age  # Julian days
    pascal = 101325.0 + 133.322 * pressure
    powers = np.power.outer(bmi / 10.0, np.arange(6.0))
    x, rate = powers[:, 1:], bmi * 1e-9
    show("spread of powers", spread_by_covariance_unstable(x), spread_by_svd_stable(x))
    show(
        "polynomial fit",
        fit_by_normal_equations_unstable(powers, progression),
        fit_by_lstsq_stable(powers, progression),
    )
    show("variance of births", variance_by_squares_unstable(born), variance_by_deviations_stable(born))
    show("small root", small_root_by_formula_unstable(pascal, bmi), small_root_by_product_stable(pascal, bmi))
    show("log growth", log_growth_by_log_unstable(rate), log_growth_by_log1p_stable(rate))
    show("Weibull shape", weibull_shape_by_likelihood_unstable(progression), weibull_shape_by_score_stable(progression))


main()
