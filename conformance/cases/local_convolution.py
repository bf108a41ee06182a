"""Local convolutions, against one product a place."""

import numpy as np

from ..case import A, call, case


def local1d(x, kernel, kernel_size, strides, data_format=None):
    k, s = (v[0] if isinstance(v, tuple | list) else v for v in (kernel_size, strides))
    return np.stack(
        [x[:, i * s : i * s + k].reshape(len(x), k * x.shape[2]) @ kernel[i] for i in range(len(kernel))], 1
    )


def local2d(x, kernel, kernel_size, strides, output_shape, data_format=None):
    first = data_format == "channels_first"
    rows = []
    for i in range(output_shape[0]):
        for j in range(output_shape[1]):
            a, b = (slice(p * s, p * s + k) for p, s, k in zip((i, j), strides, kernel_size, strict=True))
            window = x[:, :, a, b] if first else x[:, a, b]
            rows.append(window.reshape(len(x), kernel.shape[1]) @ kernel[i * output_shape[1] + j])
    result = np.stack(rows, 1).reshape(len(x), *output_shape, kernel.shape[2])
    return np.moveaxis(result, -1, 1) if first else result


case(
    "local_conv1d",
    call(A("b", 7, 3), A(3, 9, 2), 3, 2),
    call(A("b", 4, 2), A(3, 4, 1), (2,), (1,)),
    call(A("b", 7, 3), A(3, 9, 2), 3, 2, "channels_first"),  # whose inputs are laid out as ever
    errors=[
        (ValueError, call(A(1, 7, 3), A(4, 9, 2), 3, 2)),
        (ValueError, call(A(1, 7, 3), A(3, 8, 2), 3, 2)),
        (ValueError, call(A(7, 3), A(3, 9, 2), 3, 2)),
    ],
    reference=local1d,
)
case(
    "local_conv2d",
    call(A("b", 3, 4, 2), A(4, 8, 3), (2, 2), (1, 2), (2, 2)),
    call(A("b", 2, 3, 4), A(4, 8, 3), (2, 2), (1, 2), (2, 2), "channels_first"),
    errors=[
        (ValueError, call(A(1, 3, 4, 2), A(5, 8, 3), (2, 2), (1, 2), (2, 2))),
        (ValueError, call(A(1, 3, 4, 2), A(4, 8, 3), (2, 2), (1, 2), (2, 2), "rows")),
    ],
    reference=local2d,
)
