"""Hand-written digits: a pipeline with a grid search, forests, boosting, and how each errs."""

import hashlib

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def show(name, values):
    """The bits of an array."""
    values = np.ascontiguousarray(values)
    print(name, values.shape, hashlib.sha256(values.tobytes()).hexdigest()[:32], float(np.sum(values)).hex())


x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.4, stratify=y, random_state=0)

pipeline = Pipeline(
    [
        ("scale", StandardScaler()),
        ("reduce", PCA(svd_solver="full")),
        ("classify", LogisticRegression(max_iter=60, tol=0.05)),
    ]
)
grid = {"reduce__n_components": [8, 16, 32], "classify__C": np.logspace(-2, 1, 4)}
search = GridSearchCV(pipeline, grid, cv=StratifiedKFold(3)).fit(x_train, y_train)
print("best", {name: float(value) for name, value in search.best_params_.items()}, float(search.best_score_).hex())
show("scores", search.cv_results_["mean_test_score"])
show("probabilities", search.predict_proba(x_test))
show("components", np.abs(search.best_estimator_["reduce"].components_))

models = {
    "forest": RandomForestClassifier(60, random_state=1),
    "boosting": GradientBoostingClassifier(n_estimators=6, max_depth=2, random_state=2),
    "histograms": HistGradientBoostingClassifier(max_iter=6, random_state=3),
    "vectors": SVC(gamma=0.001, C=10),
    "neighbours": KNeighborsClassifier(4),
}
for name, model in models.items():
    model.fit(x_train, y_train)
    wrong = confusion_matrix(y_test, model.predict(x_test))
    print(name, float(model.score(x_test, y_test)).hex(), wrong.diagonal().tolist())
    if hasattr(model, "predict_proba"):
        print("  loss", float(log_loss(y_test, np.clip(model.predict_proba(x_test), 1e-12, 1))).hex())
show("importances", models["forest"].feature_importances_)
sizes = [cross_val_score(RandomForestClassifier(n, random_state=0), x_train, y_train, cv=3).mean() for n in (2, 5, 10)]
show("sizes", np.array(sizes))
importance = permutation_importance(search.best_estimator_, x_test, y_test, n_repeats=2, random_state=0)
show("permutation", importance.importances_mean)
