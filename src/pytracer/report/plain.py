"""Text from a trace, such as names of functions, made safe to print."""


def printable(text: str, keep: str = "") -> str:
    """`text` with control characters escaped: what a program called its functions must not drive the terminal."""
    return "".join(c if c.isprintable() or c in keep else f"\\x{ord(c):02x}" for c in text)


def counted(count: int, noun: str) -> str:
    """Such as "1 call" and "2 calls"."""
    return f"{count} {noun}{'s' * (count != 1)}"
