"""What is right: bounds, equations, revisions of the standard, failures with their causes, and expected failures."""
