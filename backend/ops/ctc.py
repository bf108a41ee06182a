"""Connectionist temporal classification: the cost of a labelling, and the best labellings of a sequence."""

from __future__ import annotations

import functools
import operator
from typing import Any

from ..arrays.typing import Array
from ..config import epsilon
from ..control.loop import scan
from ..dispatch.boundary import check_floating, moved, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, arrays, device_of, dtype_name, floating, is_concrete, require_real
from ..graph.composite import composite, spec
from .selection import take_along_axis_

__all__ = ["ctc_batch_cost", "ctc_decode"]

Beams = dict[str, Array]  # by field, each (batch, beams, ...)


def _log_probabilities(y_pred: Array) -> Array:
    """log(y + epsilon), renormalized over the classes, so that a common factor changes nothing."""
    xp = array_namespace(y_pred)
    logs = xp.log(y_pred + epsilon())
    shifted = logs - xp.max(logs, axis=-1, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))


def _checked(name: str, y_pred: Array, **others: tuple[Array, int]) -> None:
    if y_pred.ndim != 3:
        raise ValueError(f"{name}: y_pred has {y_pred.ndim} dimensions, expected 3 (batch, time, classes)")
    check_floating(name, "y_pred", y_pred)
    for argument, (x, ndim) in others.items():
        if x.ndim != ndim:
            raise ValueError(f"{name}: {argument} has {x.ndim} dimensions, expected {ndim}")
        a, b = x.shape[0], y_pred.shape[0]
        if a != b and None not in (a, b):
            raise ValueError(f"{name}: {argument} is for {a} samples, y_pred for {b}")


@operation
def ctc_batch_cost(y_true: Array, y_pred: Array, input_length: Array, label_length: Array) -> Array:
    """CTC cost of each sample: minus the log-probability of its labels.

    Parameters
    ----------
    y_true : array
        Labels, of shape (batch, labels) and any dtype.
    y_pred : array
        Probabilities of the classes in each frame, of shape (batch, time,
        classes); floating. The last class is the blank.
    input_length : array
        Number of frames, of shape (batch, 1).
    label_length : array
        Number of labels, of shape (batch, 1).

    Returns
    -------
    array
        Shape (batch, 1), in the dtype of `y_pred`.

    Raises
    ------
    ValueError
        For other numbers of dimensions or different batch sizes, and, where
        values are concrete, for a label that is no class or the blank, and a
        length outside 0 to the number of frames or labels.

    Notes
    -----
    `y_pred` need not be normalized: the function does that, in log space, after
    adding ``K.epsilon()``. Frames beyond `input_length` and labels beyond
    `label_length` are ignored. An empty label costs minus the sum of the
    blanks' log-probabilities. Labels that do not fit into the frames (repeats
    need a blank between) cost +inf, with a gradient of 0.

    There is a gradient with respect to `y_pred`.

    References
    ----------
    Graves et al., "Connectionist temporal classification", 2006, the forward
    recursion in log space; Keras 2.3.1, ``keras.backend.ctc_batch_cost``.

    Examples
    --------
    >>> y_pred = np.asarray([[[0.5, 0.0, 0.5], [0.5, 0.0, 0.5]]])
    >>> one = np.asarray([[1]])
    >>> np.round(K.ctc_batch_cost(np.asarray([[0]]), y_pred, 2 * one, one), 4)  # -log(3 / 4)
    array([[0.2877]])
    """
    xp, y_true, y_pred, input_length, label_length = arrays(y_true, y_pred, input_length, label_length)
    _checked(
        "ctc_batch_cost", y_pred, y_true=(y_true, 2), input_length=(input_length, 2), label_length=(label_length, 2)
    )
    require_real(y_true, input_length, label_length)
    for argument, x in (("input_length", input_length), ("label_length", label_length)):
        if x.shape[1] not in (1, None):
            raise ValueError(f"ctc_batch_cost: {argument} has shape {tuple(x.shape)}, expected (batch, 1)")
    frames, count = xp.astype(input_length, xp.int32), xp.astype(label_length, xp.int32)
    logs = _log_probabilities(y_pred)
    batch, width = sizes(y_true)
    classes = sizes(y_pred)[2]
    labels = padded_labels(xp.astype(y_true, xp.int32), frames, count, time=sizes(y_pred)[1], classes=classes)
    # the path visits blank, label 1, blank, ..., label n, blank: 2 n + 1 places
    blank = xp.zeros_like(labels) + (classes - 1)
    path = xp.reshape(xp.stack([blank, labels], axis=2), (batch, 2 * width))
    path = xp.concat([path, xp.zeros((batch, 1), dtype=xp.int32, device=device_of(y_pred)) + (classes - 1)], axis=1)
    # a label may follow the one before it directly, unless they are equal
    two_back = xp.concat([path[:, :1], path[:, :1], path], axis=1)[:, : 2 * width + 1]
    may_skip = (path != (classes - 1)) & (path != two_back)
    seen = moved(
        take_along_axis_(logs, xp.expand_dims(path, axis=1), axis=2, within=True), 1, 0
    )  # (time, batch, places)
    never = xp.zeros((batch, 2 * width + 1), dtype=y_pred.dtype, device=device_of(y_pred)) - float("inf")
    where = xp.arange(2 * width + 1, dtype=xp.int32, device=device_of(y_pred))
    start = xp.where(where < 2, seen[0, ...], never)
    steps = xp.arange(sizes(y_pred)[1], dtype=xp.int32, device=device_of(y_pred))

    def step(alpha: Array, slices: Any) -> tuple[Array, tuple[()]]:
        now, t = slices
        one = xp.concat([never[:, :1], alpha], axis=1)[:, : 2 * width + 1]
        two = xp.concat([never[:, :1], never[:, :1], alpha], axis=1)[:, : 2 * width + 1]
        moved = xp.logaddexp(xp.logaddexp(alpha, one), xp.where(may_skip, two, never)) + now
        return xp.where(t < frames, moved, alpha), ()

    alpha, _ = scan(step, start, (seen[1:, ...], steps[1:]))
    ends = xp.where((where == 2 * count) | (where == 2 * count - 1), alpha, never)
    # log-sum over the one or two last places, written out so that a sum of nothing is -inf without a NaN gradient
    last = xp.max(xp.where(where == 2 * count, ends, never), axis=1, keepdims=True)
    before = xp.max(xp.where(where == 2 * count - 1, ends, never), axis=1, keepdims=True)
    return -xp.logaddexp(last, before)


@composite(fresh=True)
def padded_labels(labels: Array, frames: Array, count: Array, *, time: Any, classes: Any) -> Array:
    """The labels, and the blank beyond their number, after a check of all three where they are concrete."""
    xp, (_, width) = array_namespace(labels), labels.shape
    used = xp.arange(width, dtype=xp.int32, device=device_of(labels)) < count
    if is_concrete(labels) and is_concrete(count):
        checks = (
            ("input_length", (frames < 0) | (frames > time), f"lengths from 0 to {time}, the number of frames"),
            ("label_length", (count < 0) | (count > width), f"lengths from 0 to {width}, the number of labels"),
            ("y_true", used & ((labels < 0) | (labels > classes - 2)), f"labels from 0 to {classes - 2}"),
        )
        found = functools.reduce(operator.or_, [xp.any(wrong) for _, wrong, _ in checks])
        if bool(found):  # asked once: a GPU waits
            argument, expected = next((name, text) for name, wrong, text in checks if bool(xp.any(wrong)))
            raise ValueError(f"ctc_batch_cost: a value of {argument} is out of range, expected {expected}")
    return xp.where(used, labels, classes - 1)


@padded_labels.shape
def _(labels: Array, frames: Array, count: Array, *, time: Any, classes: Any) -> Any:
    return sizes(labels)


@padded_labels.vjp
def _(g: Array, out: Array, *given: Any, **how: Any) -> tuple[None, None, None]:
    return None, None, None


@operation
def ctc_decode(
    y_pred: Array,
    input_length: Array,
    greedy: bool = True,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = False,
) -> tuple[list[Array], Array]:
    """Find the most probable labellings of each sample.

    Parameters
    ----------
    y_pred : array
        Probabilities of the classes in each frame, of shape (batch, time,
        classes); floating. The last class is the blank.
    input_length : array
        Number of frames, of shape (batch,).
    greedy : bool
        Whether to take the best class of each frame, with repeats collapsed and
        blanks dropped; else prefix beam search.
    beam_width : int
    top_paths : int
        How many labellings the beam search gives; greedy gives one.
    merge_repeated : bool
        Whether the beam search also collapses equal neighbours in the strings
        found.

    Returns
    -------
    labels : list of arrays
        The best first, each of shape (batch, longest), of the namespace's index
        dtype, padded with -1.
    scores : array
        Greedy: shape (batch, 1), minus the sum of the path's log-probabilities.
        Beam search: shape (batch, top_paths), log-probabilities of the
        labellings.

    Raises
    ------
    ValueError
        For other numbers of dimensions, or if `top_paths` exceeds `beam_width`.

    Notes
    -----
    Ties go to the lower class. If there are no labels at all, the width is 0.
    There is no gradient.

    References
    ----------
    Graves et al., "Connectionist temporal classification", 2006; Hannun et al.,
    "First-pass large vocabulary continuous speech recognition", 2014, for the
    prefix search; Keras 2.3.1, ``keras.backend.ctc_decode``.

    Examples
    --------
    >>> y_pred = np.asarray([[[0.6, 0.1, 0.3], [0.6, 0.1, 0.3], [0.1, 0.8, 0.1]]])
    >>> labels, scores = K.ctc_decode(y_pred, np.asarray([3]))
    >>> labels[0], np.round(np.exp(-scores), 3)
    (array([[0, 1]]), array([[0.288]]))
    """
    _, y_pred, input_length = arrays(y_pred, input_length)
    if getattr(input_length, "static_shape", ()) is None:
        input_length = _lengths(input_length)
    _checked("ctc_decode", y_pred, input_length=(input_length, 1))
    if greedy:
        labels, count, score = best_path(y_pred, input_length)
        return [ctc_labels(labels, count)], score
    if not 1 <= top_paths <= beam_width:
        raise ValueError(f"ctc_decode: top_paths is {top_paths}, expected 1 to beam_width, {beam_width}")
    labels, count, score = beam_paths(
        y_pred, input_length, beam_width=beam_width, top_paths=top_paths, merge_repeated=merge_repeated
    )
    return [ctc_labels(labels[:, i, :], count[:, i]) for i in range(top_paths)], score


@composite
def _lengths(input_length: Array) -> Array:
    """The lengths themselves, of a placeholder that was given no number of dimensions: it must have one."""
    if input_length.ndim != 1:
        raise ValueError(f"ctc_decode: input_length has {input_length.ndim} dimensions, expected 1")
    return input_length


@_lengths.shape
def _(input_length):
    return (None,)


@_lengths.vjp
def _(g, out, input_length):
    return (None,)


@composite
def ctc_labels(labels: Array, count: Array) -> Array:
    """The labels, cut to the longest string and padded with -1; uncut where the count is not concrete."""
    xp = array_namespace(labels)
    place = xp.arange(labels.shape[1], dtype=count.dtype, device=device_of(labels))
    padded = xp.where(place < xp.expand_dims(count, axis=1), labels, xp.zeros_like(labels) - 1)
    if labels.shape[0] == 0 or labels.shape[1] == 0 or not is_concrete(count):
        return padded
    return padded[:, : int(xp.max(count))]


@ctc_labels.shape
def _(labels, count):
    return sizes(labels)[0], None


@ctc_labels.vjp
def _(g, out, labels, count):
    return None, None


def _compacted(labels: Array, keep: Array) -> tuple[Array, Array]:
    """The labels that are kept, moved to the front in order, and how many there are."""
    xp = array_namespace(labels)
    order = xp.argsort(xp.astype(xp.logical_not(keep), xp.int32), axis=-1, stable=True)
    return xp.take_along_axis(labels, order, axis=-1), xp.sum(xp.astype(keep, xp.int32), axis=-1, dtype=xp.int32)


@composite
def best_path(y_pred: Array, input_length: Array) -> tuple[Array, Array, Array]:
    """Labels, their number, and minus the log-probability of the best class of every frame."""
    xp, y_pred = floating(y_pred)
    device = device_of(y_pred)
    best = xp.argmax(y_pred, axis=2)
    frames = xp.expand_dims(xp.astype(input_length, xp.int32), axis=1)
    inside = xp.arange(y_pred.shape[1], dtype=xp.int32, device=device) < frames
    logs = xp.log(xp.max(y_pred, axis=2) + epsilon())
    score = -xp.sum(xp.where(inside, logs, xp.zeros_like(logs)), axis=1, keepdims=True)
    before = xp.concat([xp.zeros_like(best[:, :1]) - 1, best[:, :-1]], axis=1)
    labels, count = _compacted(best, inside & (best != before) & (best != y_pred.shape[2] - 1))
    return labels, count, score


@best_path.shape
def _(y_pred, input_length):
    batch, time, _ = sizes(y_pred)
    return spec((batch, time), "int64"), spec((batch,), "int32"), spec((batch, 1), dtype_name(y_pred.dtype))


@best_path.vjp
def _(g, out, y_pred, input_length):
    return None, None


@composite
def beam_paths(
    y_pred: Array, input_length: Array, *, beam_width: int, top_paths: int, merge_repeated: bool
) -> tuple[Array, Array, Array]:
    """Labels (batch, top_paths, time), their numbers, and log-probabilities by prefix beam search.

    Each beam is a prefix with the log-probabilities of ending in a blank and in its last label. Two prefixes are
    distinguished by two 32-bit hashes and their length.
    """
    xp = array_namespace(y_pred)
    batch, time, classes = y_pred.shape
    device, index = device_of(y_pred), xp.argmax(y_pred[:1, :1, :1], axis=2).dtype
    logs = _log_probabilities(y_pred)
    frames = xp.astype(input_length, xp.int32)
    symbols = xp.arange(classes - 1, dtype=index, device=device)
    places = xp.arange(time, dtype=xp.int32, device=device)

    def step(beams: Beams, slices: Any) -> tuple[Beams, tuple[()]]:
        now, t = slices  # (batch, classes), ()
        stays, longer = _scores(xp, beams, now, symbols)
        parent, symbol, score = _best(xp, beams, stays, longer, index)
        new = _grown(xp, beams, stays, parent, symbol, score, places)
        run = t < frames
        return {k: xp.where(xp.reshape(run, (batch, *(1,) * (v.ndim - 1))), v, beams[k]) for k, v in new.items()}, ()

    state, _ = scan(step, _first_beams(xp, y_pred, beam_width, index), (moved(logs, 1, 0), places))
    whole = xp.logaddexp(state["blank"], state["label"])
    order = xp.argsort(whole, axis=1, descending=True, stable=True)[:, :top_paths]
    wide = xp.broadcast_to(xp.expand_dims(order, axis=2), (batch, top_paths, time))
    labels, score = xp.take_along_axis(state["labels"], wide, axis=1), xp.take_along_axis(whole, order, axis=1)
    count = xp.take_along_axis(state["length"], order, axis=1)
    if merge_repeated:
        before = xp.concat([xp.zeros_like(labels[:, :, :1]) - 2, labels[:, :, :-1]], axis=2)
        labels, count = _compacted(labels, (labels != before) & (places < xp.expand_dims(count, axis=2)))
    return labels, count, score


def _first_beams(xp: Any, y_pred: Array, beam_width: int, index: Any) -> Beams:
    """The empty prefix with probability 1, and beams that are not in use yet."""
    batch, time, _ = y_pred.shape

    def full(value: float, dtype: Any, *shape: int) -> Array:
        return xp.full((batch, beam_width, *shape), value, dtype=dtype, device=device_of(y_pred))

    first = xp.arange(beam_width, dtype=xp.int32, device=device_of(y_pred)) == 0
    never = full(-float("inf"), y_pred.dtype)
    return {
        "labels": full(-1, index, time),
        "length": full(0, xp.int32),
        "last": full(-1, index),
        "hash": full(7, xp.int32),
        "other": full(11, xp.int32),
        "blank": xp.where(first, xp.zeros_like(never), never),
        "label": never,
    }


def _never(xp: Any, x: Array) -> Array:
    """log 0, in the shape of x."""
    return xp.zeros_like(x) - float("inf")


def _scores(xp: Any, beams: Beams, now: Array, symbols: Array) -> tuple[Beams, Array]:
    """The log-probabilities of each beam staying as it is, and of each growing by each label, after one more frame."""
    labels = xp.expand_dims(now[:, :-1], axis=1)
    whole = xp.logaddexp(beams["blank"], beams["label"])
    repeats = xp.expand_dims(beams["last"], axis=2) == symbols  # (batch, beams, labels)
    # a repeat of the last label makes a longer prefix only after a blank
    longer = xp.where(repeats, xp.expand_dims(beams["blank"], axis=2), xp.expand_dims(whole, axis=2)) + labels
    known = xp.where(repeats, labels, xp.zeros_like(longer))
    stays = xp.where(beams["length"] > 0, beams["label"] + xp.sum(known, axis=2), _never(xp, whole))
    child = _children(xp, beams, whole)
    chosen = xp.expand_dims(xp.maximum(beams["last"], xp.zeros_like(beams["last"])), axis=1)
    into = xp.take_along_axis(longer, xp.broadcast_to(chosen, child.shape), axis=2)  # i's growth by j's last label
    stays = xp.logaddexp(stays, _log_sum(xp, xp.where(child, into, _never(xp, into))))
    last = xp.expand_dims(xp.expand_dims(beams["last"], axis=1), axis=3)
    taken = xp.any(xp.expand_dims(child, axis=3) & (last == symbols), axis=2)
    return {"blank": whole + now[:, -1:], "label": stays}, xp.where(taken, _never(xp, longer), longer)


def _children(xp: Any, beams: Beams, whole: Array) -> Array:
    """Where beam j is beam i and one more label, (batch, i, j): i's growth then adds to j instead of standing alone."""
    last = xp.expand_dims(beams["last"], axis=1)
    same = [
        _mixed(xp, xp.expand_dims(beams[name], axis=2), last, which) == xp.expand_dims(beams[name], axis=1)
        for name, which in (("hash", 1), ("other", 2))
    ]
    longer = xp.expand_dims(beams["length"], axis=2) + 1 == xp.expand_dims(beams["length"], axis=1)
    return same[0] & same[1] & longer & xp.expand_dims(whole > -float("inf"), axis=1)


def _best(xp: Any, beams: Beams, stays: Beams, longer: Array, index: Any) -> tuple[Array, Array, Array]:
    """The best continuations: the beam each comes from, the label it grows by (-1 for none), and its score.

    Among equal scores an existing prefix ranks before a longer one, and the empty one last (as in TensorFlow).
    """
    batch, beam_width, labels = longer.shape
    extensions = beam_width * labels
    total, empty = xp.logaddexp(stays["blank"], stays["label"]), beams["length"] == 0
    never = _never(xp, total)
    totals = [xp.where(empty, never, total), xp.reshape(longer, (batch, extensions)), xp.where(empty, total, never)]
    scores = xp.concat(totals, axis=1)
    best = xp.argsort(scores, axis=1, descending=True, stable=True)[:, :beam_width]
    place = best - beam_width
    grows = (place >= 0) & (place < extensions)
    place = xp.where(grows, place, xp.zeros_like(place))
    parent = xp.where(grows, place // max(labels, 1), best % (beam_width + extensions))
    symbol = xp.astype(place % max(labels, 1), index)
    return parent, xp.where(grows, symbol, xp.zeros_like(symbol) - 1), xp.take_along_axis(scores, best, axis=1)


def _grown(xp: Any, beams: Beams, stays: Beams, parent: Array, symbol: Array, score: Array, places: Array) -> Beams:
    """The beams of the next frame."""

    def of(values: Array) -> Array:
        return xp.take_along_axis(values, parent, axis=1)

    grows, never = symbol >= 0, _never(xp, score)
    length, last = of(beams["length"]), of(beams["last"])
    wide = xp.broadcast_to(xp.expand_dims(parent, axis=2), beams["labels"].shape)
    here = xp.expand_dims(grows, axis=2) & (places == xp.expand_dims(length, axis=2))
    labels = xp.take_along_axis(beams["labels"], wide, axis=1)
    fresh = grows | (score == never)
    return {
        "labels": xp.where(here, xp.expand_dims(symbol, axis=2), labels),
        "length": length + xp.astype(grows, xp.int32),
        "last": xp.where(grows, symbol, last),
        "hash": xp.where(grows, _mixed(xp, of(beams["hash"]), symbol, 1), of(beams["hash"])),
        "other": xp.where(grows, _mixed(xp, of(beams["other"]), symbol, 2), of(beams["other"])),
        "blank": xp.where(fresh, never, of(stays["blank"])),
        "label": xp.where(fresh, score, of(stays["label"])),
    }


def _mixed(xp: Any, value: Array, label: Array, which: int) -> Array:
    """A hash grown by one label; wrapping 32-bit arithmetic (multipliers from Knuth and from the FNV hash)."""
    return value * (-1640531535, 16777619)[which - 1] + xp.astype(label, xp.int32) + which


def _log_sum(xp: Any, x: Array) -> Array:
    """log of the sum of exponentials over axis 1, -inf where all are -inf."""
    top = xp.max(x, axis=1, keepdims=True)
    safe = xp.where(top > -float("inf"), top, xp.zeros_like(top))
    total = xp.sum(xp.exp(x - safe), axis=1)
    some = total > 0
    return (
        xp.where(some, xp.log(xp.where(some, total, xp.ones_like(total))), xp.zeros_like(total) - float("inf"))
        + safe[:, 0, :]
    )


@beam_paths.shape
def _(y_pred, input_length, *, beam_width, top_paths, merge_repeated):
    batch, time, _ = sizes(y_pred)
    return (
        spec((batch, top_paths, time), "int64"),
        spec((batch, top_paths), "int32"),
        spec((batch, top_paths), dtype_name(y_pred.dtype)),
    )


@beam_paths.vjp
def _(g, out, y_pred, input_length, *, beam_width, top_paths, merge_repeated):
    return None, None
