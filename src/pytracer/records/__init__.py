"""The trace on disk: what one execution recorded. Knows nothing of statistics."""
