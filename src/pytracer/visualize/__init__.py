"""The dashboard: shows what a result file holds, and computes no statistics.

`server` listens, `app` puts the page together, `pages` has one file for each page, `state` is what the address bar
holds, `queries` reads the result, `sampling` chooses what is drawn of it, `figures` draws. Only `app` and `pages`
know Dash; only `queries` knows the result file.
"""
