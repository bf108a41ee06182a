"""One case per public operation, in files named as in backend/ops; every module here is imported by itself."""
