"""Prints what it was given: arguments, folder, and the first line of standard input if there is one."""

import os
import sys

print(sys.argv)
print(os.getcwd())
print("to stderr", file=sys.stderr)
