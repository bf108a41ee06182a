"""Random tensors: the first draw of a seed is the same everywhere, bit for bit."""

import numpy as np
from scipy import stats
from scipy.special import ndtri

from ..case import A, call, case


def key_of(seed, part=0):
    """The key and the draw of a seed: halves of a number and 0, or the two words of an array; parts differ above."""
    if np.ndim(seed) or isinstance(seed, np.ndarray):
        low, draw = (int(word) % 2**32 for word in np.ravel(seed).tolist() + [0] * (1 - np.ndim(seed)))
        return low, part, draw
    return seed % 2**32, (seed >> 32) + part, 0


def words(seed, count, part=0):
    """Threefry-2x32-20 on unsigned words: the key, and the counter (i // 2, draw) for word i."""
    low, high, draw = key_of(seed, part)
    i = np.arange((count + 1) // 2, dtype=np.uint32)
    keys = np.array([low, high, low ^ high ^ 0x1BD11BDA], dtype=np.uint32)
    x, y = i + keys[0], np.zeros_like(i) + np.uint32(draw) + keys[1]
    for turn, left in enumerate([13, 15, 26, 6, 17, 29, 16, 24, 13, 15, 26, 6, 17, 29, 16, 24, 13, 15, 26, 6], 1):
        x = x + y
        y = (y << np.uint32(left) | y >> np.uint32(32 - left)) ^ x
        if turn % 4 == 0:
            k = turn // 4
            x, y = x + keys[k % 3], y + keys[(k + 1) % 3] + np.uint32(k)
    return np.stack([x, y], axis=-1).reshape(-1)[:count].astype(np.int64)


def product(seed, count, part=0):
    """Two words, the higher one first, as one whole number."""
    pairs = words(seed, 2 * count, part).reshape(-1, 2)
    return [(int(high) << 32) + int(low) for high, low in pairs]


def random_uniform(shape, minval=0.0, maxval=1.0, dtype="float32", seed=None, part=0):
    count = int(np.prod(shape))
    if dtype == "int32":
        return np.reshape([minval + (w * (maxval - minval) >> 64) for w in product(seed, count, part)], shape)
    return minval + (maxval - minval) * np.reshape(words(seed, count, part) >> 8, shape) * 2.0**-24


def random_normal(shape, mean=0.0, stddev=1.0, dtype="float32", seed=None, beyond=0.0, part=0):
    bits = words(seed, int(np.prod(shape)), part)
    p = beyond + (0.5 - beyond) * ((bits & 0x7FFFFFFF) + 0.5) * 2.0**-31
    return mean + stddev * np.reshape(ndtri(p) * np.where(bits >> 31, 1.0, -1.0), shape)


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype="float32", seed=None):
    return random_normal(shape, mean, stddev, dtype, seed, beyond=0.022750131948179207)


def random_binomial(shape, p=0.0, dtype="float32", seed=None, n=1):
    """Of few trials: the number of sums of probabilities that are not above u, of the rarer of success and failure."""
    u = random_uniform(shape, seed=seed)
    if isinstance(n, int) and n == 1:
        return (u < p).astype(np.float64)
    u, n, p = np.broadcast_arrays(u, n, np.asarray(p, np.float32))
    found = sum(u >= stats.binom.cdf(k, n, np.minimum(p, 1.0 - p)) for k in range(int(np.max(n, initial=0))))
    return np.where(p > 0.5, n - found, found).astype(np.float64)


def dropout(x, level, noise_shape=None, seed=None):
    if level == 0.0:
        return x
    places = (
        x.shape
        if noise_shape is None
        else [n or m for n, m in zip(noise_shape, x.shape[x.ndim - len(noise_shape) :], strict=True)]
    )
    return np.where(random_uniform(places, seed=seed) < 1.0 - level, x / (1.0 - level), 0.0)


def random_shuffle(x, axis=0, seed=None):
    n = x.shape[axis]
    return np.take(x, np.argsort(random_uniform((n,), -(2**31), 2**31, "int32", seed), kind="stable"), axis=axis)


def random_categorical(logits, num_samples, dtype="int32", seed=None):
    u = random_uniform((*logits.shape[:-1], num_samples, logits.shape[-1]), seed=seed)
    with np.errstate(divide="ignore"):
        return np.argmax(logits[..., None, :] - np.log(-np.log(u)), axis=-1)


def random_gamma(shape, alpha=1.0, dtype="float32", seed=None, part=0):
    """Marsaglia and Tsang's variates of alpha from 1 on."""
    z = random_normal((10, *shape), seed=seed, part=part)
    u = random_uniform((10, *shape), seed=seed, part=part + 1)
    found = np.zeros(shape)
    for place in np.ndindex(*shape):
        d = np.broadcast_to(alpha, shape)[place] - 1.0 / 3.0
        for attempt in range(10):
            x = z[(attempt, *place)]
            v = (1.0 + x * 64.0 / np.floor(64.0 * np.sqrt(9.0 * d))) ** 3
            if v > 0.0 and np.log(u[(attempt, *place)]) < x * x / 2.0 + d - d * v + d * np.log(v):
                found[place] = d * v
                break
    return found


def random_beta(shape, alpha=1.0, beta=1.0, dtype="float32", seed=None):
    a, b = random_gamma(shape, alpha, seed=seed), random_gamma(shape, beta, seed=seed, part=3)
    return a / (a + b)


def random_split(seed, num=2):
    return random_uniform((num, 2), -(2**31), 2**31, "int32", seed, part=2**32 - 1)


SEED = A(2, dtype="int", low=-(2**31), high=2**31 - 1)  # a key and the number of a draw


case(
    "random_uniform",
    call((3, 5), seed=1),
    call([2, 3], -1.0, 3.0, "float32", 2),
    call((7,), 0, 10, dtype="int32", seed=3),
    call((), seed=4),
    call((0, 2), seed=5),
    call((4,), seed=2**40 + 3),
    call((3, 5), seed=SEED),
    # bounds and means far enough from 0: the error of a sum that cancels has no bound relative to it
    call((3, 2), A(2, dtype="float32", low=0.5, high=2.0), A(3, 1, dtype="float32", low=4.0, high=9.0), seed=SEED),
    call((7,), -5, 10, dtype="int32", seed=A(2, dtype="uint32", low=0, high=2**32 - 1)),
    call((7,), seed=A(dtype="int64", low=-(2**40), high=2**40)),
    exact=True,
    gradient=(),
    errors=[
        (TypeError, call((2,), seed=A(2))),
        (ValueError, call((2,), seed=A(3, dtype="int"))),
        (TypeError, call((2, None), seed=1)),
        (ValueError, call((2,), 1.0, 1.0, seed=1)),
        (TypeError, call((2,), seed=0.5)),
    ],
    reference=random_uniform,
)
case(
    "random_normal",
    call((3, 5), seed=1),
    call([2, 3], -1.0, 3.0, "float32", 2),
    call((4,), stddev=0.0, seed=3),
    call((3, 5), 0.0, A(3, 1, dtype="float32", low=0.5), seed=SEED),
    exact=True,
    gradient=(),
    errors=[
        (TypeError, call((None,), seed=1)),
        (ValueError, call((2,), 0.0, -1.0, seed=1)),
        (ValueError, call((2,), dtype="int32", seed=1)),
    ],
    reference=random_normal,
)
case(
    "truncated_normal",
    call((3, 5), seed=1),
    call([2, 3], -1.0, 3.0, "float32", 2),
    call((3, 5), A(5, dtype="float32", low=9.0, high=12.0), 2.0, seed=SEED),
    exact=True,
    gradient=(),
    errors=[(TypeError, call((None,), seed=1)), (ValueError, call((2,), 0.0, -1.0, seed=1))],
    reference=truncated_normal,
)
case(
    "random_binomial",
    call((3, 5), seed=1),
    call((3, 5), 0.5, seed=2),
    call((9,), 0.3, "int32", 3),
    call((4,), p=1, seed=4),
    call((3, 5), 0.5, seed=SEED),
    call((40,), 0.3, seed=5, n=20),
    call((5, 3), A(3, low=0.0, high=1.0), seed=SEED, n=A(5, 1, dtype="int", low=0, high=64)),
    exact=True,
    gradient=(),
    errors=[
        (TypeError, call((None,), 0.5, seed=1)),
        (ValueError, call((2,), 1.5, seed=1)),
        (ValueError, call((2,), 1.5, seed=1, n=3)),
        (ValueError, call((2,), 0.5, seed=1, n=-1)),
        (ValueError, call((2,), 0.5, seed=1, n=0.5)),
        (ValueError, call((2,), 0.5, "int8", 1, 128)),
        (TypeError, call((2,), 0.5, seed=1, n="many")),
    ],
    reference=random_binomial,
)
case(
    "dropout",
    call(A("n", "m"), 0.5, seed=1),
    call(A("n", 3, "k"), 0.25, (None, 1, 1), seed=2),
    call(A("n", 4), 0.1, (4,), 3),
    call(A("n"), 0.0),
    call(A("n", 3), 0.5, seed=SEED),
    exact=True,
    second=False,  # each run of a graph draws anew
    edges=[call([np.nan, np.inf, -0.0, 1.0], 0.5, seed=1)],
    errors=[
        (ValueError, call(A(2, 3), 1.0)),
        (ValueError, call(A(2, 3), -0.1)),
        (ValueError, call(A(2, 3, dtype="int"), 0.5)),
        (ValueError, call(A(2, 3), 0.5, (2, 2))),
        (ValueError, call(A(3), 0.5, (2, 3))),
        (TypeError, call(A(3), "half")),
    ],
    reference=dropout,
)
case(
    "random_bernoulli",
    call((3, 5), 0.5, seed=2),
    call((3, 5), A(5, low=0.0, high=1.0), seed=SEED),
    exact=True,
    gradient=(),
    errors=[(ValueError, call((2,), 1.5, seed=1))],
    reference=random_binomial,
)
case(
    "random_shuffle",
    call(A("n"), seed=1),
    call(A("n", 3), seed=2),
    call(A(2, "n", 3), -2, 3),
    call(A("n", dtype="int"), 0, seed=4),
    call(A("n", 3), seed=SEED),
    exact=True,
    second=False,  # each run of a graph draws anew
    edges=[call([np.nan, np.inf, -0.0, 1.0], seed=1)],
    errors=[(ValueError, call(A(3), 1)), (ValueError, call(A())), (TypeError, call(A(3), seed=0.5))],
    reference=random_shuffle,
)
case(
    "random_categorical",
    call(A("n", 4), 5, seed=1),
    call(A(3), 20, "int64", 2),
    call(A(2, "n", 3), 0, seed=3),
    call(A(2, 3, dtype="int"), 6, dtype="uint8", seed=4),
    call(A("n", 4), 5, seed=SEED),
    exact=True,
    gradient=(),
    edges=[call([[0.0, -np.inf, 1.0]], 40, seed=5)],
    errors=[
        (ValueError, call(A(), 2)),
        (ValueError, call(A(2, 0), 2)),
        (ValueError, call(A(2, 3), -1)),
        (ValueError, call(A(2, 3), 2, "float32")),
    ],
    reference=random_categorical,
)
WRONG = [
    (TypeError, call((None,), 1.0, seed=1)),
    (ValueError, call((2,), 0.0, seed=1)),
    (ValueError, call((2,), -1.0, seed=1)),
    (ValueError, call((2,), 1.0, dtype="int32", seed=1)),
]
case(
    "random_gamma",
    call((3, 5), seed=1),
    call([40], 1.5, "float32", 2),  # below 1 as well: tests/api/test_random.py, since exponentials differ
    call((2, 3), 20.0, seed=2**40 + 3),
    call((3, 5), A(5, dtype="float32", low=1.5, high=9.0), seed=SEED),
    exact=True,
    gradient=(),
    errors=WRONG,
    reference=random_gamma,
)
case(
    "random_beta",
    call((3, 5), seed=1),
    call([40], 1.5, 2.0, "float32", 2),
    call((2, 3), 20.0, 3.0, seed=3),
    call((3, 5), A(5, dtype="float32", low=1.5, high=9.0), 7.0, seed=SEED),
    exact=True,
    gradient=(),
    errors=WRONG,
    reference=random_beta,
)
case(
    "random_split",
    call(SEED),
    call(SEED, 5),
    call(A(2, dtype="uint32", low=0, high=2**32 - 1), 3),
    call(A(dtype="int", low=-(2**31), high=2**31 - 1), num=0),
    exact=True,
    gradient=(),
    errors=[
        (TypeError, call(3)),
        (TypeError, call(A(2))),
        (ValueError, call(A(2, 2, dtype="int"))),
        (ValueError, call(A(2, dtype="int"), -1)),
    ],
    reference=random_split,
)
