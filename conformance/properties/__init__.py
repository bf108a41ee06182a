"""What has to hold for every operation: one module for each property or family of properties."""
