"""A run: tasks, attempts, verdicts, worker processes, and the time budget."""
