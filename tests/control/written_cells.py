"""Recurrent cells written in many random ways, and their loops beside the same steps written out."""

import numpy as np

import backend as K

__all__ = ["RNG", "B", "F", "Form", "T", "U", "gru", "lstm"]

B, T, F, U = 2, 4, 3, 2
RNG = np.random.default_rng(0)


class Form:
    """A random way of writing a cell; `choose` draws, and weights are collected as they are made."""

    def __init__(self, seed, time=T):
        self.rng, self.weights = np.random.default_rng(seed), []
        self.x = K.placeholder((None, time, F), dtype="float64")
        self.states = [K.placeholder((None, U), dtype="float64") for _ in range(2)]

    def choose(self, *options):
        return options[self.rng.integers(len(options))]

    def weight(self, *shape):
        self.weights.append(K.variable(self.rng.normal(size=shape), dtype="float64"))
        return self.weights[-1]

    def plus(self, *terms):
        terms = [t for t in terms if t is not None]
        total = terms[0] if self.choose(True, False) else terms.pop()
        for t in terms[len(terms) and total is terms[0] :]:
            total = self.choose(lambda a, b: a + b, lambda a, b: b + a)(total, t)
        return total

    def bias(self, width):
        kind = self.choose("none", "vector", "row", "added")
        b = None if kind == "none" else self.weight(*((1, width) if kind == "row" else (width,)))
        return (lambda y: K.bias_add(y, b)) if kind == "added" else (lambda y: y if b is None else self.plus(y, b))

    def sums(self, gates, before=("before",)):
        """sums(x, h) -> the sums of each gate, by name; the input's part may be computed before the loop."""
        names = list(self.rng.permutation(gates))
        way = self.choose("joined", "separate", "stacked", "sliced", *before)
        cut = [slice(k * U, (k + 1) * U) for k in range(len(names))]
        if way == "separate":
            of_x = {n: self.weight(F, U) for n in names}
            of_h = {n: self.weight(U, U) for n in names}
            biases = {n: self.bias(U) for n in names}
            return lambda x, h: {n: biases[n](self.plus(K.dot(x, of_x[n]), K.dot(h, of_h[n]))) for n in names}
        bias = self.bias(len(names) * U)
        if way == "stacked":
            order = self.choose(0, 1)
            w = self.weight(F + U, len(names) * U)

            def joined(x, h):
                y = bias(K.dot(K.concatenate([x, h] if order else [h, x]), w))
                return {n: y[:, part] for n, part in zip(names, cut, strict=True)}

            return joined
        w, u = self.weight(F, len(names) * U), self.weight(U, len(names) * U)
        if way == "before":
            self.x, given = bias(K.dot(self.x, w)), self.x
            self.given = given
        if way == "sliced":
            parts = {n: (w[:, part], u[:, part]) for n, part in zip(names, cut, strict=True)}
            return lambda x, h: {n: K.dot(x, a) + K.dot(h, b) for n, (a, b) in parts.items()}

        def whole(x, h):
            y = self.plus(x, K.dot(h, u)) if way == "before" else bias(self.plus(K.dot(x, w), K.dot(h, u)))
            return {n: y[:, part] for n, part in zip(names, cut, strict=True)}

        return whole

    def times(self, a, b):
        return self.choose(lambda: a * b, lambda: b * a)()

    def run(self, step, states, unroll=False, **how):
        """Values and gradients, and the source of the program."""
        x = self.x
        last, every, new = K.rnn(step, x, states, unroll=unroll, **how)
        loss = K.sum(K.sin(every)) + sum(K.sum(K.cos(s) * (i + 1.0)) for i, s in enumerate(new)) + K.sum(last)
        fed = [getattr(self, "given", x), *self.states]
        inputs = [*fed, *self.weights]
        f = K.function(fed, [last, every, *new, *(g for g in K.gradients(loss, inputs) if g is not None)])
        values = [RNG.normal(size=(B, T, F)), *(RNG.normal(size=(B, U)) for _ in self.states)]
        return f, values

    def compare(self, step, states, name, **how):
        f, values = self.run(step, states, **how)
        unrolled, _ = self.run(step, states, unroll=True, **how)
        assert (name in f.source) and "def loop" not in f.source and "_sequence" not in unrolled.source
        for got, wanted in zip(f(values), unrolled(values), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-11)


def lstm(form, sigmoid=K.sigmoid, tanh=K.tanh, mix=None):
    sums = form.sums(["i", "f", "g", "o"])
    order = form.choose(0, 1)

    def step(x, states):
        h, c = states[-2:] if order else states[-2:][::-1]
        z = sums(x, h)
        i, f, o, new = sigmoid(z["i"]), sigmoid(z["f"]), sigmoid(z["o"]), tanh(z["g"])
        if mix is not None:
            h, c = mix(i, f, o, new, h, c)
        else:
            c = form.plus(form.times(f, c), form.times(i, new))
            h = form.times(o, K.tanh(c))
        return h, [h, c] if order else [c, h]

    return step


def gru(form, reset_after, mix=None):
    after = form.choose("joined", "separate")
    bias, own = form.bias(U), form.bias(U)
    if reset_after and after == "joined":
        w, u = form.weight(F, 3 * U), form.weight(U, 3 * U)
        b, c = (form.choose(None, form.weight(3 * U)) for _ in range(2))
    else:
        sums, w, u = form.sums(["z", "r"], before=()), form.weight(F, U), form.weight(U, U)
    way = form.choose(0, 1, 2, 3, 4)

    def step(x, states):
        (h,) = states
        if reset_after and after == "joined":
            x, y = K.dot(x, w), K.dot(h, u)
            x, y = (x if b is None else x + b), (y if c is None else y + c)
            gates = K.sigmoid(form.plus(x[:, : 2 * U], y[:, : 2 * U]))
            z, r, new = gates[:, :U], gates[:, U:], form.plus(x[:, 2 * U :], gates[:, U:] * y[:, 2 * U :])
        else:
            gates = sums(x, h)
            z, r = K.sigmoid(gates["z"]), K.sigmoid(gates["r"])
            inner = r * own(K.dot(h, u)) if reset_after else K.dot(form.times(r, h), u)
            new = bias(form.plus(K.dot(x, w), inner))
        new = K.tanh(new)
        if mix is not None:
            h = mix(z, h, new)
        else:
            h = (
                lambda: z * h + (1.0 - z) * new,
                lambda: (1 - z) * h + z * new,
                lambda: new + z * (h - new),
                lambda: h + (new - h) * z,
                lambda: new - z * new + h * z,
            )[way]()
        return h, [h]

    return step
