"""Adds the numbers on standard input, naively, and exits with status 5 when there are none."""

import sys


def total(numbers):
    result = 0.0
    for number in numbers:
        result += number
    return result


numbers = [float(line) for line in sys.stdin]
print(len(numbers), total(numbers))
sys.exit(0 if numbers else 5)
