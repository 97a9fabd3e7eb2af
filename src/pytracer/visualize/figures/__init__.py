"""Draws: from what `queries` and `sampling` give to Plotly figures. `theme` has the colours; then one file a page."""
