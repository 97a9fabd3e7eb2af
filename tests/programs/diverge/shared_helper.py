"""A helper that the branch and the tail call from the same place, because both put work on one list."""


def square(x, label):
    print("= square", label)
    return x * x


def helper(x, label):
    print("= helper", label)
    return square(x, label) + square(x + 1, f"{label} next")


def todo():
    print("= todo")
    whole = 0.0
    for _ in range(10):
        whole += 0.1
    work = [(2.7, "before")]
    if whole >= 1.0:
        work += [(11.3 * whole, "branch 1"), (17.9 * whole, "branch 2")]
    return work + [(0.3 * whole, "tail 1"), (0.7 * whole, "tail 2")]


for number, name in todo():
    helper(number, name)
