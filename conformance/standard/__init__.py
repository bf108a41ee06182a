"""The functions of the array API standard, one module for each of its chapters."""
