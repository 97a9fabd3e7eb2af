"""Poisson's equation on a grid: direct and iterative solvers, eigenvalues, diffusion; paths through a graph."""

import hashlib

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse import linalg as solvers


def show(name, values):
    """The bits of an array."""
    values = np.ascontiguousarray(values)
    print(name, values.shape, hashlib.sha256(values.tobytes()).hexdigest()[:32], float(np.sum(np.abs(values))).hex())


def laplacian(n):
    """Second differences on n x n points."""
    line = sparse.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(n, n))
    one = sparse.eye_array(n)
    return (sparse.kron(line, one) + sparse.kron(one, line)).tocsc()


def fixed_signs(vectors):
    """An eigenvector may come with either sign."""
    return vectors * np.sign(vectors[np.argmax(np.abs(vectors), axis=0), np.arange(vectors.shape[1])])


for n in (20, 40, 80, 160):
    A = laplacian(n)
    grid = np.linspace(0, 1, n)
    heat = np.exp(-20 * ((grid[:, None] - 0.3) ** 2 + (grid - 0.6) ** 2)).ravel()
    direct = solvers.spsolve(A, heat)
    show(f"direct {n}", direct)
    print("  residual below 1e-10:", bool(np.linalg.norm(A @ direct - heat) < 1e-10 * np.linalg.norm(heat) * n))

A = laplacian(60)
heat = np.ones(3600)
rough = solvers.spilu(A, drop_tol=1e-3)
M = solvers.LinearOperator(A.shape, rough.solve)
runs = [
    (solvers.cg, None),
    (solvers.minres, None),
    (solvers.bicgstab, None),
    (solvers.bicgstab, M),
    (solvers.lgmres, M),
]
for solver, preconditioner in runs:
    steps = []
    x, status = solver(A.tocsr(), heat, rtol=1e-9, maxiter=600, M=preconditioner, callback=steps.append)
    show(f"{solver.__name__} {'with' if preconditioner else 'without'} {len(steps)} {status}", x)

start = np.linspace(1, 2, 3600)
values, vectors = solvers.eigsh(A, k=6, sigma=0, v0=start)
show("smallest", np.sort(values))
show("modes", fixed_signs(vectors))
rng = np.random.default_rng(4)
perturbed = A + sparse.random_array(A.shape, density=1e-4, rng=rng)
values, _ = solvers.eigs(perturbed, k=5, which="LM", v0=start)
show("largest", np.sort(values.real))
values, _ = solvers.lobpcg(A, rng.normal(size=(3600, 4)), M=M, largest=False, tol=1e-6, maxiter=60)
show("lobpcg", np.sort(values))
table = sparse.random_array((800, 500), density=0.02, rng=rng)
show("singular", np.sort(solvers.svds(table, k=6, v0=start[:500])[1]))

state = solvers.expm_multiply(-0.1 * A.tocsr(), heat, start=0, stop=1, num=6)
show("diffusion", state)
step = solvers.splu((sparse.eye_array(3600) + 0.05 * A).tocsc())
for _ in range(400):
    heat = step.solve(heat)
show("implicit steps", heat)
for k in range(100, 1100, 100):
    block = sparse.block_array([[A[:k, :k], None], [None, sparse.eye_array(5)]]).tocsr()
    print(k, block.nnz, float(block.multiply(block).sum()).hex(), float(abs(block - block.T).max()), block.trace())
rows = A.tocsr()
show("row by row", np.array([rows[[i], :] @ start for i in range(0, 3600, 4)]))

ends = rng.integers(0, 3000, (2, 24_000))
roads = sparse.coo_array((rng.uniform(1, 9, 24_000), tuple(ends)), shape=(3000, 3000)).tocsr()
show("shortest", csgraph.dijkstra(roads, indices=np.arange(0, 3000, 60)))
tree = csgraph.minimum_spanning_tree(roads)
print("parts", csgraph.connected_components(roads, directed=False)[0], float(tree.sum()).hex())
