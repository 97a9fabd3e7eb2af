"""Statistics of a table by group, with pandas."""
import hashlib

import numpy as np
import pandas as pd
from sklearn.datasets import load_wine

wine = load_wine(as_frame=True).frame
groups = wine.groupby("target")
print(hashlib.sha256(groups.mean().to_numpy().tobytes()).hexdigest())
print(hashlib.sha256(groups.agg(["std", "median", "skew"]).to_numpy().tobytes()).hexdigest())
print(groups["alcohol"].apply(lambda column: (column - column.mean()).abs().mean()).map(float.hex).to_dict())

z = (wine - wine.mean()) / wine.std()
correlation = z.corr()
print(hashlib.sha256(correlation.to_numpy().tobytes()).hexdigest(), float(correlation.loc["flavanoids", "hue"]).hex())
rolling = wine["proline"].rolling(12, min_periods=3).mean().ewm(span=5).mean()
print(hashlib.sha256(rolling.to_numpy().tobytes()).hexdigest(), int(rolling.isna().sum()))
wide = wine.assign(bin=pd.cut(wine["alcohol"], 4)).pivot_table(index="bin", columns="target", values="hue", observed=False)
print(np.nan_to_num(wide.to_numpy()).tobytes().hex())
