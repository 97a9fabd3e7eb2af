"""Errors a user can cause or mend. Each message gives fact, value and remedy; the CLI prints it in one line."""

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2


class PytracerError(Exception):
    """An operation failed for a reason the user can act on."""

    exit_code = EXIT_FAILED


class UsageError(PytracerError):
    """The command line, a configuration or an input file is wrong."""

    exit_code = EXIT_USAGE


class TraceError(PytracerError):
    """A trace cannot be read: corrupt, from another version, or not a trace."""

    exit_code = EXIT_USAGE


def near(word: object, words: tuple[str, ...]) -> str:
    """A remark that names words like this one, or an empty text."""
    import difflib  # for mistakes only

    close = difflib.get_close_matches(word.lower(), words, n=2, cutoff=0.7) if isinstance(word, str) else []
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
