"""What a result says, as text for people and as JSON for programs. Reads the result file only."""
