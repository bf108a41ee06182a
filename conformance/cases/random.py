"""Random tensors: the first draw of a seed is the same everywhere, bit for bit."""

import numpy as np

from ..case import A, call, case

case("random_uniform", call((3, 5), seed=1), call([2, 3], -1.0, 3.0, "float32", 2),
     call((7,), 0, 10, dtype="int32", seed=3), call((), seed=4), call((0, 2), seed=5), exact=True, gradient=(),
     errors=[(TypeError, call((2, None), seed=1)), (ValueError, call((2,), 1.0, 1.0, seed=1)),
             (TypeError, call((2,), seed=0.5))])
case("random_normal", call((3, 5), seed=1), call([2, 3], -1.0, 3.0, "float32", 2), call((4,), stddev=0.0, seed=3),
     exact=True, gradient=(),
     errors=[(TypeError, call((None,), seed=1)), (ValueError, call((2,), 0.0, -1.0, seed=1)),
             (ValueError, call((2,), dtype="int32", seed=1))])
case("truncated_normal", call((3, 5), seed=1), call([2, 3], -1.0, 3.0, "float32", 2), exact=True, gradient=(),
     errors=[(TypeError, call((None,), seed=1)), (ValueError, call((2,), 0.0, -1.0, seed=1))])
case("random_binomial", call((3, 5), seed=1), call((3, 5), 0.5, seed=2), call((9,), 0.3, "int32", 3),
     call((4,), p=1, seed=4), exact=True, gradient=(),
     errors=[(TypeError, call((None,), 0.5, seed=1)), (ValueError, call((2,), 1.5, seed=1))])
case("dropout", call(A("n", "m"), 0.5, seed=1), call(A("n", 3, "k"), 0.25, (None, 1, 1), seed=2),
     call(A("n", 4), 0.1, (4,), 3), call(A("n"), 0.0), exact=True,
     edges=[call([np.nan, np.inf, -0.0, 1.0], 0.5, seed=1)],
     errors=[(ValueError, call(A(2, 3), 1.0)), (ValueError, call(A(2, 3), -0.1)),
             (ValueError, call(A(2, 3, dtype="int"), 0.5)),
             (ValueError, call(A(2, 3), 0.5, (2, 2))), (ValueError, call(A(3), 0.5, (2, 3))),
             (TypeError, call(A(3), "half"))])
case("random_bernoulli", call((3, 5), 0.5, seed=2), exact=True, gradient=(), errors=[(ValueError, call((2,), 1.5, seed=1))])
