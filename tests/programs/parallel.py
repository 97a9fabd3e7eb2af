"""Threads, pools of every kind and child processes that compute the same in every run."""

import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import numpy as np
from joblib import Parallel, delayed

CHILD = "import numpy as np; print(np.sum(np.ones({})))"


def work(n):
    return float(np.sum(np.sin(np.arange(n) * 0.1)))


def threads():
    results = []
    started = [threading.Thread(target=work, args=(10 * i,)) for i in (1, 2, 3)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    with ThreadPoolExecutor(2) as pool:
        results.append(sum(pool.map(work, range(5, 15))))
    with ThreadPool(2) as pool:
        results.append(sum(pool.map(work, range(5, 15), chunksize=3)))
    return results


def processes():
    results = []
    for method in ("fork", "spawn", "forkserver"):
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
            results.append(sum(pool.map(work, range(5, 12))))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        results.append(sum(pool.map(work, range(5, 12), chunksize=2)))
    process = multiprocessing.get_context("spawn").Process(target=work, args=(7,))
    process.start()
    process.join()
    return results


def joblib():
    results = []
    for options in ({}, {"prefer": "threads"}):
        results.append(sum(Parallel(n_jobs=2, **options)(delayed(work)(n) for n in range(1, 201))))
    return results


def task(i):
    """A task that starts threads and gives tasks to a pool of its own."""
    started = [threading.Thread(target=work, args=(10 * i + k,)) for k in (1, 2)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(work, range(i, i + 3)))


def nested():
    pools = ThreadPoolExecutor(3), ThreadPool(2), ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))
    results = []
    for pool in pools:
        with pool:
            results.append(sum(pool.map(task, range(4))))
    return results


def children():
    results = []
    results.append(subprocess.run([sys.executable, "-c", CHILD.format(3)], capture_output=True, text=True).stdout)
    results.append(
        subprocess.run([sys.executable, "-c", CHILD.format(4)], env=dict(os.environ), capture_output=True).stdout
    )
    results.append(os.system(f"{sys.executable} -c 'import numpy'"))
    results.append(subprocess.run(["true"]).returncode)
    return results


if __name__ == "__main__":
    for part in (threads, processes, joblib, nested, children):
        print(*part(), flush=True)
