"""Gradient rules of the Fourier transforms; each is linear, so its rule is its adjoint.

The adjoint of a transform is the opposite transform with the scaling on the other side, hence `norm` is
swapped.
"""

from ...dispatch.boundary import sizes
from ...dispatch.promotion import array_namespace, device_of
from ..cotangents import Rule, axes_of, cast, resized

__all__ = ["FOURIER"]

SWAPPED = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def _restored(g, x, axes):
    """Undo the cutting or padding that the given axes of x underwent, in the dtype of x."""
    for axis in axes:
        g = resized(g, axis, sizes(x)[axis])
    return cast(g, x)


def _axes(x, s, axes):
    if axes is None and s is not None:
        return tuple(range(x.ndim - len(s), x.ndim))
    return axes_of(None if axes is None else tuple(axes), x.ndim)


def _complex(name):
    """Rule of fft or ifft, whose adjoint is the other one."""

    def rule(g, out, x, *, n=None, axis=-1, norm="backward"):
        g = getattr(array_namespace(g).fft, name)(g, axis=axis, norm=SWAPPED[norm])
        return _restored(g, x, (axis % x.ndim,))

    return (rule,)


def _complex_many(name):
    def rule(g, out, x, *, s=None, axes=None, norm="backward"):
        axes = _axes(x, s, axes)
        return _restored(getattr(array_namespace(g).fft, name)(g, axes=axes, norm=SWAPPED[norm]), x, axes)

    return (rule,)


def _from_real(name):
    """Rule of rfft or ihfft: transform back, zeros for the frequencies left out, and take the real part."""

    def rule(g, out, x, *, n=None, axis=-1, norm="backward"):
        xp, axis = array_namespace(g), axis % x.ndim
        n = sizes(x)[axis] if n is None else n
        g = xp.real(getattr(xp.fft, name)(g, n=n, axis=axis, norm=SWAPPED[norm]))
        return _restored(g, x, (axis,))

    return (rule,)


def _rfftn(g, out, x, *, s=None, axes=None, norm="backward"):
    xp, axes = array_namespace(g), _axes(x, s, axes)
    full = resized(g, axes[-1], sizes(x)[axes[-1]] if s is None else s[-1])
    return _restored(xp.real(xp.fft.ifftn(full, axes=axes, norm=SWAPPED[norm])), x, axes)


def _twice_inside(g, axis, n):
    """Double all frequencies of a half spectrum but 0 and n/2: the others stand for their conjugates too."""
    xp = array_namespace(g)
    k = xp.arange(sizes(g)[axis], device=device_of(g))[(slice(None),) + (None,) * (g.ndim - 1 - axis)]
    return xp.where((k == 0) | (k * 2 == n), g, g * 2)


def _to_real(x, n, axis):
    return 2 * (sizes(x)[axis] - 1) if n is None else n


def _irfft(g, out, x, *, n=None, axis=-1, norm="backward"):
    xp, axis = array_namespace(g), axis % x.ndim
    g = _twice_inside(xp.fft.rfft(g, axis=axis, norm=SWAPPED[norm]), axis, _to_real(x, n, axis))
    return _restored(g, x, (axis,))


def _hfft(g, out, x, *, n=None, axis=-1, norm="backward"):
    xp, axis = array_namespace(g), axis % x.ndim
    g = _twice_inside(xp.conj(xp.fft.rfft(g, axis=axis, norm=norm)), axis, _to_real(x, n, axis))
    return _restored(g, x, (axis,))


def _irfftn(g, out, x, *, s=None, axes=None, norm="backward"):
    xp, axes = array_namespace(g), _axes(x, s, axes)
    g = xp.fft.rfftn(g, axes=axes, norm=SWAPPED[norm])
    return _restored(_twice_inside(g, axes[-1], _to_real(x, None if s is None else s[-1], axes[-1])), x, axes)


FOURIER: dict[str, tuple[Rule | None, ...]] = {
    "fft.fft": _complex("ifft"),
    "fft.ifft": _complex("fft"),
    "fft.fftn": _complex_many("ifftn"),
    "fft.ifftn": _complex_many("fftn"),
    "fft.rfft": _from_real("ifft"),
    "fft.irfft": (_irfft,),
    "fft.rfftn": (_rfftn,),
    "fft.irfftn": (_irfftn,),
    "fft.hfft": (_hfft,),
    "fft.ihfft": _from_real("fft"),
}
