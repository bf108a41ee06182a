"""Random programs with their gradients, pickled and copied: the same source, the same bits, and states apart."""

import copy
import pickle

import numpy as np
import pytest
from test_random_programs import MISFIT, Compiled, case_of

import backend as K

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Mean of empty slice")]


@pytest.mark.parametrize("seed", range(60))
def test_a_pickled_program_is_the_same(seed):
    case, program = case_of(seed)
    made = Compiled(program, case)
    feeds = case.arrays(case.letters[0], 0)[: len(case.axes) - case.variables]
    start = [K.get_value(v) for v in made.variables]
    for f in (made.f, made.g):
        for again in (pickle.loads(pickle.dumps((f, made.variables))), copy.deepcopy((f, made.variables))):
            g, variables = again
            assert g.source == f.source
            try:
                found = [g(feeds) for _ in range(2)]
            except MISFIT as error:  # what the original refuses, too
                with pytest.raises(type(error)):
                    [f(feeds) for _ in range(2)]
                continue
            assert all(map(np.array_equal, [K.get_value(v) for v in made.variables], start))
            expected = [f(feeds) for _ in range(2)]
            for one, other in zip([*found[0], *found[1]], [*expected[0], *expected[1]], strict=True):
                np.testing.assert_array_equal(one, other)
            for one, other in zip(variables, made.variables, strict=True):
                np.testing.assert_array_equal(K.get_value(one), K.get_value(other))
            for variable, value in zip(made.variables, start, strict=True):
                K.set_value(variable, value)
