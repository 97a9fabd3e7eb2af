"""A loop in the order of numbers that should be equal and that noise makes larger or smaller."""


def score(name):
    print("= score", name)
    total = 0.0
    for _ in range(10):
        total += 0.1
    return total


def treat(name):
    print("= treat", name)
    return note(len(name) * 0.5, name)


def note(x, name):
    print("= note", name)
    return x + 0.1


def close():
    print("= close")


scores = {name: score(name) for name in ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")}
for name in sorted(scores, key=scores.__getitem__):
    treat(name)
close()
