"""A factorisation that fails in some samples: a pivot that should be 0 comes out a little more or a little less."""


def pivot(k):
    print("= pivot", k)
    rest = 0.0
    for _ in range(10):
        rest += 0.1
    if rest < 1.0:
        raise ArithmeticError("not positive definite")
    return rest


def factorise(k):
    print("= factorise", k)
    first = pivot(k)
    return eliminate(first, k)


def eliminate(x, k):
    print("= eliminate", k)
    return x / 3


def shift(k):
    print("= shift", k)
    return 1e-8


def solve(k):
    print("= solve", k)
    try:
        return factorise(k)
    except ArithmeticError:
        return shift(k)


def total(values):
    print("= total")
    return sum(values)


total([solve(k) for k in range(6)])
