"""A branch on a comparison that noise decides, and a common tail. Prints a label for each call, in order of entry."""


def accumulate(step, count):
    print("= accumulate")
    total = 0.0
    for _ in range(count):
        total += step
    return total


def polish(x, which):
    print("= polish", which)
    return 0.5 * (x + 1 / x)


def shrink(x):
    print("= shrink")
    return polish(x - 0.125, "inside shrink")


def grow(x, which):
    print("= grow", which)
    return x + 0.25


def finish(x, number):
    print("= finish", number)
    return x * x


def main():
    print("= main")
    x = accumulate(0.1, 10)
    if x > 1.0:
        x = shrink(x)
    else:
        x = grow(grow(x, "first"), "second")
    x = polish(x, "in the tail")
    for number in range(5):
        x = finish(x, number) / x


main()
