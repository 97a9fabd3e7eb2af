"""Low-rank approximation of an ill-conditioned matrix, and what LAPACK says of it."""
import hashlib

import numpy as np
from scipy import linalg

n = 40
hilbert = 1.0 / (np.arange(n)[:, None] + np.arange(n) + 1.0)
u, s, vt = np.linalg.svd(hilbert)
for rank in (1, 3, 6):
    approximation = (u[:, :rank] * s[:rank]) @ vt[:rank]
    print(rank, float(np.linalg.norm(hilbert - approximation)).hex(), hashlib.sha256(approximation.tobytes()).hexdigest())

q, r, pivots = linalg.qr(hilbert, pivoting=True)
print(pivots[:8].tolist(), hashlib.sha256(np.ascontiguousarray(r).tobytes()).hexdigest())
small = hilbert[:8, :8]
print(linalg.expm(small).tobytes().hex()[:256], float(np.linalg.cond(small)).hex(), float(np.linalg.det(small)).hex())
print(np.linalg.solve(small, np.ones(8)).tobytes().hex(), linalg.cho_factor(small)[0].diagonal().tobytes().hex())
print(linalg.eigvals(small + 1j * small.T).tobytes().hex(), np.einsum("ij,jk,ki->", small, small, small).hex())
print(linalg.schur(small[:, ::-1])[0].tobytes().hex()[:256], np.linalg.matrix_power(small.astype(np.float32), 5).tobytes().hex())
