"""Reads a result with h5py and pandas alone: no Pytracer needed. Usage: python examples/read_result.py RESULT"""

import json
import math
import sys

import h5py
import pandas as pd

BITS_PER_DIGIT = math.log2(10)


def table(file, name):
    """A table of the result as a DataFrame; texts come as str."""
    columns = {}
    for column, dataset in file[name].items():
        is_text = h5py.check_string_dtype(dataset.dtype) is not None
        columns[column] = dataset.asstr()[:] if is_text else dataset[:]
    return pd.DataFrame(columns)


def main(path):
    with h5py.File(path) as file:
        print(f"{file.attrs['verdict']}; {file.attrs['samples']} samples, method {file.attrs['method']}")
        provenance = json.loads(file["provenance"].asstr()[()])
        print("command:", " ".join(provenance["command"]))
        functions, sites, calls, values = (table(file, name) for name in ("functions", "sites", "calls", "values"))
        labels = file["labels/text"].asstr()[:]

    # Each call with its function and the line that made it.
    calls["function"] = calls["function"].map(functions["name"])
    calls["line"] = calls["site"].map(sites["line"]).astype("Int64")  # site -1: unknown

    # NaN is "not measured": no bits, and no claim.
    measured = calls.dropna(subset=["output_bits_min"])
    worst = measured.sort_values("output_bits_min").head(5)
    digits = (worst["output_bits_min"] / BITS_PER_DIGIT).round(1)
    print(
        worst.assign(digits=digits)[["function", "line", "output_bits_min", "digits", "bits_lost"]].to_string(
            index=False
        )
    )

    # The values of the worst call: inputs first, then outputs.
    if len(worst):
        call = worst.iloc[0]
        first, count = call["first_value"], call["n_inputs"] + call["n_outputs"]
        own = values.iloc[first : first + count]
        own = own.assign(label=labels[own["label"]])
        print(own[["label", "mean", "std", "bits_min", "unperturbed"]].to_string(index=False))


if __name__ == "__main__":
    main(sys.argv[1])
