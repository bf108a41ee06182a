"""What is tested: array namespaces and modules of the Keras backend API, opened, probed and called by name."""
