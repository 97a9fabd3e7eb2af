"""One execution on its way into a trace: which callables (targets), hooks on them, the session that records them."""
