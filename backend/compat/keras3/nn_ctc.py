"""Connectionist temporal classification for `keras.ops.nn`: logits in, and the blank anywhere among the classes."""

from __future__ import annotations

from typing import Any

import backend as K
from backend.control.loop import scan
from backend.dispatch.promotion import array_namespace, device_of
from backend.ops.ctc import beam_paths

from .core import convert_to_tensor
from .dtype_rules import array_like, cast_to, common, quiet

__all__ = ["ctc_decode", "ctc_loss"]

NEVER = -1e5  # the log-probability of what cannot be: finite, so that labels that do not fit have a finite loss


@quiet
def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Any:
    """Minus the log-probability of each sample's labels, which the forward recursion of Graves et al., 2006, gives."""
    target, counts, frames = (cast_to(convert_to_tensor(x), "int32") for x in (target, target_length, output_length))
    output = convert_to_tensor(output)
    output = cast_to(output, common(output, "float32"))
    xp, (batch, time, classes), width = array_namespace(output, target), output.shape, target.shape[1]
    logs = K.log_softmax(output, axis=-1)
    blank = xp.zeros_like(target) + (mask_index % classes)
    path = xp.reshape(xp.stack([blank, target], axis=2), (batch, 2 * width))
    path = xp.concat([path, xp.zeros_like(target[:, :1]) + (mask_index % classes)], axis=1)
    places = 2 * width + 1
    # a label, which may be the blank's class itself, may follow the one two places before it directly, unless the two
    # are equal
    two_back = xp.concat([path[:, :1], path[:, :1], path], axis=1)[:, :places]
    odd = xp.arange(places, dtype=xp.int32, device=device_of(output)) % 2 == 1
    may_skip = odd & (path != two_back)
    index = xp.arange(0, device=device_of(output)).dtype
    rows = xp.broadcast_to(xp.expand_dims(xp.astype(path, index), axis=1), (batch, time, places))
    seen = xp.permute_dims(K.take_along_axis(logs, rows, axis=2), (1, 0, 2))
    where = xp.arange(places, dtype=xp.int32, device=device_of(output))
    never = xp.zeros_like(seen[0, ...]) + NEVER
    steps = xp.arange(time, dtype=xp.int32, device=device_of(output))

    def step(alpha: Any, slices: Any) -> Any:
        now, t = slices
        one = xp.concat([never[:, :1], alpha], axis=1)[:, :places]
        two = xp.concat([never[:, :1], never[:, :1], alpha], axis=1)[:, :places]
        grown = xp.logaddexp(xp.logaddexp(alpha, one), xp.where(may_skip, two, never)) + now
        return xp.where((t < frames)[:, None], grown, alpha), ()

    start = xp.where(where < 2, seen[0, ...], never)
    alpha, _ = scan(step, start, (seen[1:, ...], steps[1:]))
    ends = 2 * counts[:, None]
    last, before = (
        K.sum(xp.where(where == place, alpha, array_like(alpha, 0.0)), axis=1) for place in (ends, ends - 1)
    )
    return -xp.where(counts > 0, xp.logaddexp(last, before), last)


def ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int | None = 0,
) -> tuple[Any, Any]:
    inputs = convert_to_tensor(inputs)
    inputs = cast_to(inputs, common(inputs, "float32"))
    lengths = cast_to(convert_to_tensor(sequence_lengths), "int32")
    blank = inputs.shape[-1] - 1 if mask_index is None else mask_index % inputs.shape[-1]
    if strategy == "greedy":
        return _greedy(inputs, lengths, merge_repeated, blank)
    if strategy == "beam_search":
        return _beam_search(inputs, lengths, beam_width, top_paths, blank)
    raise ValueError(f"Invalid strategy {strategy}. Supported values are 'greedy' and 'beam_search'.")


def _greedy(inputs: Any, lengths: Any, merge_repeated: bool, blank: int) -> tuple[Any, Any]:
    """The best class of each frame, repeats collapsed and blanks dropped."""
    xp, time = array_namespace(inputs), inputs.shape[1]
    inside = xp.arange(time, dtype=xp.int32, device=device_of(inputs)) < lengths[:, None]
    best = cast_to(xp.argmax(inputs, axis=-1), "int32")
    best = xp.where(inside, best, array_like(best, blank))
    scores = xp.max(inputs, axis=-1)
    scores = -K.sum(xp.where(inside, scores, array_like(scores, 0.0)), axis=1, keepdims=True)
    kept = best != blank
    if merge_repeated:
        before = xp.concat([xp.zeros_like(best[:, :1]) - 1, best[:, :-1]], axis=1)
        kept = kept & (best != before)
    order = xp.argsort(cast_to(~kept, "int32"), axis=-1, stable=True)
    labels = K.take_along_axis(xp.where(kept, best, array_like(best, -1)), order, axis=-1)
    return xp.expand_dims(labels, axis=0), scores


def _beam_search(inputs: Any, lengths: Any, beam_width: int, top_paths: int, blank: int) -> tuple[Any, Any]:
    """K's prefix beam search, whose blank is the last class."""
    xp, classes = array_namespace(inputs), inputs.shape[-1]
    parts = [inputs[..., :blank], inputs[..., blank + 1 :], inputs[..., blank : blank + 1]]
    shares = K.softmax(xp.concat(parts, axis=-1), axis=-1)
    labels, _, scores = beam_paths(shares, lengths, beam_width=beam_width, top_paths=top_paths, merge_repeated=False)
    labels = cast_to(labels, "int32")
    labels = xp.where(labels >= blank, labels + 1, labels) if blank < classes - 1 else labels
    return xp.permute_dims(labels, (1, 0, 2)), scores
