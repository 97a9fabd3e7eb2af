"""Three classifiers of hand-written digits, and a pipeline."""
import hashlib

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

x, y = load_digits(n_class=5, return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=1)
models = (
    make_pipeline(StandardScaler(), PCA(12, svd_solver="full"), LogisticRegression(max_iter=200)),
    SVC(gamma=0.001),
    RandomForestClassifier(10, random_state=0),
)
for model in models:
    model.fit(x_train, y_train)
    print(type(model).__name__, float(model.score(x_test, y_test)).hex())
probabilities = models[0].predict_proba(x_test)
print(hashlib.sha256(probabilities.tobytes()).hexdigest(), float(log_loss(y_test, probabilities)).hex())
print(hashlib.sha256(models[1].decision_function(x_test).tobytes()).hexdigest(), np.argsort(models[2].feature_importances_)[-5:])
