"""The path of ridge, and lasso beside it, on the diabetes data."""
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.model_selection import cross_val_score

x, y = load_diabetes(return_X_y=True)
for alpha in np.logspace(-4, 2, 7):
    ridge = Ridge(alpha=alpha).fit(x, y)
    scores = cross_val_score(Ridge(alpha=alpha), x, y, cv=4)
    print(alpha.hex(), *(c.hex() for c in ridge.coef_.tolist()), *(s.hex() for s in scores.tolist()))
print(*(c.hex() for c in Lasso(alpha=0.5).fit(x, y).coef_.tolist()))
print(LinearRegression().fit(x, y).score(x, y).hex())
