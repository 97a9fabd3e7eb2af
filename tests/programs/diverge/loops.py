"""Nested loops whose lengths noise decides: the inner one stops where a sum that should reach 1 does."""


def step(total, where):
    print("= step", where)
    return total + 0.1


def outer(start, number):
    print("= outer", number)
    total, count = start, 0
    while total < 1.0 + start:
        total = step(total, f"{number}.{count}") if count % 2 else half(total, f"{number}.{count}")
        count += 1
    return total


def half(total, where):
    print("= half", where)
    return step(step(total - 0.15, f"{where} a") + 0.025, f"{where} b") + 0.025


def summary(totals):
    print("= summary")
    return sum(totals)


summary([outer(0.25 * number, number) for number in range(8)])
