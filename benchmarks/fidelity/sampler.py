"""One execution of programs: `sampler.py INPUTS RESULTS` writes the floats of each result into an .npz file.

The inputs come from a file of the parent: made here, they would be perturbed too.
"""

import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
from kernel import numbers_in
from kernels import find

if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of a solver that finds an ill-conditioned system: that is its purpose here
    inputs = pickle.loads(Path(sys.argv[1]).read_bytes())
    np.savez(sys.argv[2], **{kernel.name: numbers_in(kernel.program(*inputs[kernel.name])) for kernel in find(inputs)})
