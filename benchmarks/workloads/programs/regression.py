"""Diabetes and a made-up climate: paths of linear models, Gaussian processes, and how well each predicts."""

import hashlib
import warnings

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ExpSineSquared, RationalQuadratic, WhiteKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNetCV,
    HuberRegressor,
    LassoLarsIC,
    Ridge,
    RidgeCV,
    TheilSenRegressor,
    enet_path,
    lars_path,
    lasso_path,
)
from sklearn.model_selection import KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, SplineTransformer, StandardScaler


def show(name, values):
    """The bits of an array."""
    values = np.ascontiguousarray(values)
    print(name, values.shape, hashlib.sha256(values.tobytes()).hexdigest()[:32], float(np.sum(values)).hex())


warnings.simplefilter("ignore", ConvergenceWarning)
x, y = load_diabetes(return_X_y=True)
folds = KFold(5, shuffle=True, random_state=0)

for name, path in {"lasso": lasso_path, "elastic": lambda *data: enet_path(*data, l1_ratio=0.5)}.items():
    alphas, coefficients, _ = path(x, y)
    show(f"{name} path {len(alphas)}", coefficients)
show("least angles", lars_path(x, y, method="lasso")[2])
for alpha in np.logspace(-4, 1, 20):
    print("ridge", float(alpha).hex(), float(cross_val_score(Ridge(alpha), x, y, cv=folds).mean()).hex())

columns = make_column_transformer((SplineTransformer(6), [0, 2, 3]), (StandardScaler(), [4, 5, 8]))
models = {
    "ridge": RidgeCV(np.logspace(-3, 2, 12)),
    "elastic": ElasticNetCV(l1_ratio=[0.2, 0.5, 0.9], cv=4),
    "criterion": LassoLarsIC("bic"),
    "bayesian": BayesianRidge(),
    "huber": HuberRegressor(max_iter=400),
    "pairs": make_pipeline(PolynomialFeatures(2), StandardScaler(), Ridge(10)),
    "splines": make_pipeline(columns, Ridge(1)),
    "kernel": KernelRidge(alpha=0.5, kernel="rbf", gamma=2),
}
for name, model in models.items():
    predicted = cross_val_predict(model, x, y, cv=folds)
    show(f"{name} {float(np.mean((predicted - y) ** 2)).hex()}", predicted)
rough = y.copy()
rough[::9] += 400
show("theil-sen", TheilSenRegressor(random_state=0, max_subpopulation=300).fit(x[:, [2, 8]], rough).coef_)

rng = np.random.default_rng(6)
years = np.sort(rng.uniform(0, 20, 140))[:, None]
carbon = 0.6 * years[:, 0] + 2 * np.sin(2 * np.pi * years[:, 0]) + rng.normal(0, 0.2, 140)
trend = 20.0**2 * RBF(20.0)
season = 2.0**2 * RBF(50.0) * ExpSineSquared(1.0, periodicity=1.0, periodicity_bounds="fixed")
wander = 0.5**2 * RationalQuadratic(alpha=1.0, length_scale=1.0)
for name, kernel in {
    "trend": trend + WhiteKernel(1.0),
    "season": trend + season + WhiteKernel(0.1),
    "all": trend + season + wander + WhiteKernel(0.1),
}.items():
    process = GaussianProcessRegressor(kernel, normalize_y=True, n_restarts_optimizer=0).fit(years, carbon)
    mean, deviation = process.predict(np.linspace(0, 24, 300)[:, None], return_std=True)
    show(f"{name} {float(process.log_marginal_likelihood_value_).hex()}", mean)
    show(name + " deviation", deviation)
show("draws", process.sample_y(np.linspace(20, 22, 50)[:, None], 3, random_state=1))
