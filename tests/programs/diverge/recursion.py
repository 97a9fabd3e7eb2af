"""Recursion that noise makes deeper or less deep."""


def weigh(where):
    print("= weigh", where)
    total = 0.0
    for _ in range(10):
        total += 0.1
    return total


def descend(where, level):
    print("= descend", where)
    left = weigh(where)
    if level > 0 and left < 1.0:
        left += descend(where + "l", level - 1) + descend(where + "r", level - 1)
    return left + close(left, where)


def close(x, where):
    print("= close", where)
    return 0.5 * x


def report(value):
    print("= report")
    return value


report(sum(descend(str(start), 4) for start in range(3)))
