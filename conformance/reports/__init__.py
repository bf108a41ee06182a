"""What a run tells, each form a function from a report to text: terminal, JSON, JUnit, Markdown, HTML, differences."""
