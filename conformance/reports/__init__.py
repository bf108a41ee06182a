"""The forms of a report: terminal, JSON, JUnit, Markdown, HTML and the comparison with a baseline."""
