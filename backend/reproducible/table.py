"""The table: what each function of the standard gives in the reproducible mode."""

from __future__ import annotations

__all__ = ["KINDS", "KIND_OF"]

KINDS = {
    "exact": "the library's own function: it does not round, or is one IEEE 754 operation",
    "rounded": "the exact result, rounded once to nearest even",
    "composed": "made of the others, in a fixed order",
    "fixed": "a fixed sequence of float64 operations on the host, rounded once at the end",
}

_FUNCTIONS = {
    "exact": """
        arange asarray empty empty_like eye from_dlpack full full_like meshgrid ones ones_like tril triu zeros
        zeros_like astype can_cast finfo iinfo isdtype result_type
        abs add bitwise_and bitwise_left_shift bitwise_invert bitwise_or bitwise_right_shift bitwise_xor ceil clip conj
        copysign divide equal floor greater greater_equal imag isfinite isinf isnan less less_equal logical_and
        logical_not logical_or logical_xor maximum minimum multiply negative nextafter not_equal positive real
        reciprocal round sign signbit square sqrt subtract trunc
        take take_along_axis matrix_transpose broadcast_arrays broadcast_shapes broadcast_to concat expand_dims flip
        moveaxis permute_dims repeat reshape roll squeeze stack tile unstack argmax argmin count_nonzero nonzero
        searchsorted where isin unique_all unique_counts unique_inverse unique_values argsort sort max min all any
        linalg.diagonal linalg.matrix_transpose fft.fftshift fft.ifftshift
        __array_namespace_info__ info.capabilities info.default_device info.default_dtypes info.dtypes info.devices
    """,
    "rounded": """
        acos acosh asin asinh atan atan2 atanh cos cosh exp expm1 floor_divide hypot log log1p log2 log10 logaddexp pow
        remainder sin sinh tan tanh matmul tensordot vecdot cumulative_prod cumulative_sum prod sum
        linalg.matmul linalg.outer linalg.tensordot linalg.vecdot linalg.trace
    """,
    "composed": """
        mean std var diff linalg.cross linalg.vector_norm linalg.matrix_norm linalg.matrix_power linalg.matrix_rank
        linalg.pinv linalg.slogdet
    """,
    "fixed": """
        linspace linalg.cholesky linalg.det linalg.eig linalg.eigvals linalg.eigh linalg.eigvalsh linalg.inv linalg.qr
        linalg.solve linalg.svd linalg.svdvals fft.fft fft.ifft fft.fftn fft.ifftn fft.rfft fft.irfft fft.rfftn
        fft.irfftn fft.hfft fft.ihfft fft.fftfreq fft.rfftfreq
    """,
}

KIND_OF: dict[str, str] = {name: kind for kind, names in _FUNCTIONS.items() for name in names.split()}
