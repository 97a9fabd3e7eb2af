"""What the pages ask of a result. Plain functions: they read and select, and compute no statistics.

`contents` is what every page needs, `calls` one call with its values, `cells` how columns are read; then one file a
page.
"""
