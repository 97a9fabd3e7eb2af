"""The stationary heat equation on a square: sparse direct and iterative solvers."""
import hashlib

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import cg, eigsh, gmres, splu, spsolve

n = 24
line = sp.diags_array([-np.ones(n - 1), 2 * np.ones(n), -np.ones(n - 1)], offsets=[-1, 0, 1])
laplace = (sp.kron(sp.eye_array(n), line) + sp.kron(line, sp.eye_array(n))).tocsc()
grid = np.linspace(0, 1, n)
source = np.exp(-20 * ((grid[:, None] - 0.3) ** 2 + (grid - 0.6) ** 2)).ravel()

direct = spsolve(laplace, source)
factored = splu(laplace).solve(source)
steps = []
iterated, info = cg(laplace, source, rtol=1e-10, callback=lambda x: steps.append(x[0]))
restarted, _ = gmres(laplace, source, rtol=1e-8, restart=30)
values = eigsh(laplace, k=3, sigma=0, v0=np.ones(n * n), return_eigenvectors=False)
for result in (direct, factored, iterated, restarted, values, laplace @ direct):
    print(hashlib.sha256(result.tobytes()).hexdigest(), float(result.max()).hex())
print(info, len(steps), float(np.linalg.norm(laplace @ direct - source)).hex())
