"""What Keras's Layer inherits from a backend: nothing."""

__all__ = ["NumpyLayer"]


class NumpyLayer:
    """The mixin of Keras's Layer, empty: layers need nothing of this backend. The name is the one Keras imports."""
