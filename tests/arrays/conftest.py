"""What tests of the libraries begin with."""

from stand_in_cupy import cupy as cupy
