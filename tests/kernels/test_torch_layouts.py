"""torch's kernels see one layout: axes of size 1 with odd strides, and arrays that lie in different orders."""

import itertools

import numpy as np
import pytest

import backend as K

torch = pytest.importorskip("torch")
layout = pytest.importorskip("backend.kernels.torch._layout")
pooling = pytest.importorskip("backend.kernels.torch.pooling")

SHAPES = [(2, 3), (1, 3), (2, 1), (2, 3, 1), (1, 1, 4), (1, 3, 3, 2), (2, 1, 1, 3), (1, 1, 1, 1), (2, 3, 4, 5)]


def odd(x):
    """The same memory, with a stride of 77 on each axis of size 1."""
    return x.as_strided(x.shape, [77 if n == 1 else s for n, s in zip(x.shape, x.stride(), strict=True)])


@pytest.mark.parametrize("shape", SHAPES)
def test_dense_arrays_have_torchs_own_strides_without_a_copy(shape):
    x = torch.randn(shape)
    found = layout.dense(odd(x))
    assert found.stride() == x.stride() and found.data_ptr() == x.data_ptr()
    assert layout.dense(x) is x
    turned = layout.dense(torch.randn(shape[::-1]).permute(*reversed(range(len(shape)))))
    assert turned.stride() == x.stride()


@pytest.mark.parametrize("shape", SHAPES)
def test_settled_arrays_have_the_same_strides_whatever_those_of_size_1_were(shape):
    for order in itertools.permutations(range(len(shape))):
        x = torch.randn([shape[i] for i in order]).permute(*np.argsort(order).tolist())
        found = layout.settled(odd(x))
        assert found.stride() == layout.settled(x).stride() and found.data_ptr() == x.data_ptr()
        torch.testing.assert_close(found, x, rtol=0, atol=0)


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 3, 3, 2), (2, 1, 1, 3), (2, 3, 3, 1), (1, 4, 2)])
def test_arrays_go_to_a_kernel_in_one_layout(shape):
    last = torch.randn(shape)
    first = torch.randn(shape[0], shape[-1], *shape[1:-1]).movedim(1, -1)
    for pair in itertools.product([last, first, odd(last), odd(first)], repeat=2):
        a, b = layout.together(*pair)
        assert a.stride() == b.stride()
        for got, given in zip((a, b), pair, strict=True):
            torch.testing.assert_close(got, given.movedim(-1, 1), rtol=0, atol=0)
    assert layout.together(first, first)[0].data_ptr() == first.data_ptr()
    assert layout.together(last, last)[0].data_ptr() == last.data_ptr()


def test_batch_normalization_of_one_stacked_image_has_the_gradient_of_its_definition():
    # torch 2.13's own gradient was off by 144 %: a stride that no array of torch's has, on the axis of size 1
    rng = np.random.default_rng(0)
    x = K.placeholder((1, 5, 6, 6, 4))
    stacked = K.permute_dimensions(K.stack([x[:, i] for i in range(5)], 0), (1, 0, 2, 3, 4))
    y = K.normalize_batch_in_training(stacked, None, None, [0, 1, 2, 3])[0]
    loss = K.mean(K.square(K.conv3d(y, rng.normal(size=(3, 3, 3, 4, 4)).astype("float32"), padding="same")))
    feed = [rng.normal(size=(1, 5, 6, 6, 4)).astype("float32")]
    found = []
    for enabled in (True, False):
        K.set_kernels(enabled)
        with K.use_backend("torch"):
            found.append(K.function([x], K.gradients(loss, [x]))(feed)[0])
    K.set_kernels(True)
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-5 * abs(found[1]).max())


@pytest.mark.parametrize("first", [False, True])
def test_padded_averages_go_back_channels_first_where_torch_misses_the_padding(monkeypatch, first):
    # the CUDA kernel for channels last of torch 2.11 ignores the padding
    seen = []
    own = torch.ops.aten.avg_pool2d_backward
    monkeypatch.setitem(pooling._AVERAGE_GRADIENT, 2, lambda g, x, *how: seen.append((g, x)) or own(g, x, *how))
    monkeypatch.setattr(pooling, "_misses_padding", lambda x, pads: any(pads))
    g = torch.randn(2, 5, 4, 3)
    g = g.permute(0, 3, 1, 2).contiguous().permute(0, 2, 3, 1) if first else g
    how = {"size": (5, 8), "window": (3, 2), "strides": (1, 2), "padding": "same"}
    got = pooling.average_pool_gradient(g, **how)
    assert all(x.is_contiguous() for x in seen[0])
    monkeypatch.undo()
    torch.testing.assert_close(got, pooling.average_pool_gradient(g, **how))
