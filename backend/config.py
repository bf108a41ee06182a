"""Global settings: floatx, epsilon, the image format, and the config file that sets their defaults."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = [
    "config_path",
    "epsilon",
    "floatx",
    "image_data_format",
    "image_dim_ordering",
    "normalize_data_format",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_image_dim_ordering",
]

_FLOATX = ("float16", "float32", "float64")
_FORMATS = ("channels_last", "channels_first")
_DEFAULTS: dict[str, Any] = {
    "backend": None,
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "kernels": True,
    "blocking": True,
    "jit": None,  # as the library wants it: JAX's compiler on JAX, none elsewhere
    "jit_cache": True,
    "verify": False,
}
_settings: dict[str, Any] = {}  # filled at the first use, so that importing reads no file


def config_path() -> Path:
    """The path of the config file.

    Returns
    -------
    pathlib.Path
        $K_CONFIG, else array-api-backend.toml in the user's config folder.

    References
    ----------
    This library.

    Examples
    --------
    >>> K.config_path().suffix
    '.toml'
    """
    if named := os.environ.get("K_CONFIG"):
        return Path(named)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "array-api-backend.toml"


def setting(key: str) -> Any:
    """The value of one setting; the first call reads the config file, and K_VERIFY from the environment."""
    if not _settings:
        verify = {"verify": True} if os.environ.get("K_VERIFY", "0") not in ("", "0") else {}
        _settings.update(_DEFAULTS | _from_file(config_path()) | verify)
    return _settings[key]


def change(key: str, value: Any) -> None:
    """Set one setting for this process."""
    setting(key)
    _settings[key] = value


def _keras() -> Any:
    """The module with Keras 2's settings, or None. Once Keras is loaded they replace ours, as it uses no others."""
    found = sys.modules.get("keras.backend.common")
    return found if hasattr(found, "image_dim_ordering") else None  # Keras 3 has no such name


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        if os.environ.get("K_CONFIG"):
            raise ValueError(f"K_CONFIG names {str(path)!r}, which is not a file")
        return {}
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"config file {path}: {error}") from error
    return {key: _checked(path, key, value) for key, value in found.items()}


def _checked(path: Path, key: str, value: Any) -> Any:
    """The value of a key of the config file; ValueError that names the file and the key."""
    if key not in _EXPECTED:
        raise ValueError(f"config file {path}: unknown key {key!r}; expected {', '.join(_EXPECTED)}")
    expected, accept = _EXPECTED[key]
    if (accepted := accept(value)) is None:
        raise ValueError(f"config file {path}: {key} is {value!r}, expected {expected}")
    return accepted


def _is_epsilon(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= sys.float_info.max:
        return None
    return float(value)


def _is_format(value: Any) -> str | None:
    return _one_of(_FORMATS)(value.lower() if isinstance(value, str) else value)


def _one_of(values: tuple[str, ...]) -> Callable[[Any], str | None]:
    return lambda value: value if isinstance(value, str) and value in values else None


def _is_bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


# The config file's keys: what is expected of the value, and a function that gives it, or None for a wrong one.
_EXPECTED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "backend": ("a name such as 'torch'", lambda value: value if isinstance(value, str) and value else None),
    "floatx": (f"one of {', '.join(_FLOATX)}", _one_of(_FLOATX)),
    "epsilon": ("a finite number above 0", _is_epsilon),
    "image_data_format": (f"one of {', '.join(_FORMATS)}", _is_format),
    "kernels": ("true or false", _is_bool),
    "blocking": ("true or false", _is_bool),
    "verify": ("true or false", _is_bool),
    "jit": ("true, false or 'auto'", lambda value: value if value == "auto" else _is_bool(value)),
    "jit_cache": ("true, false or a folder", lambda value: value if isinstance(value, str) else _is_bool(value)),
}


def epsilon() -> float:
    """The small number that keeps logarithms and divisions away from zero.

    Returns
    -------
    float
        1e-7 by default.

    References
    ----------
    Keras 2.3.1, ``keras.backend.epsilon``.

    Examples
    --------
    >>> K.epsilon()
    1e-07
    """
    keras = _keras()
    return setting("epsilon") if keras is None else keras.epsilon()


def set_epsilon(e: float) -> None:
    """Set the number that `epsilon` returns.

    Parameters
    ----------
    e : float

    Raises
    ------
    ValueError
        Unless it is finite and above 0.
    TypeError
        For what is no number.

    References
    ----------
    Keras 2.3.1, ``keras.backend.set_epsilon``.

    Examples
    --------
    >>> before = K.epsilon()
    >>> K.set_epsilon(1e-4)
    >>> K.epsilon()
    0.0001
    >>> K.set_epsilon(before)
    """
    try:
        value = _is_epsilon(float(e))
    except (TypeError, ValueError):
        raise TypeError(f"set_epsilon: e is {e!r}, expected a number") from None
    except OverflowError:
        value = None
    if value is None:
        raise ValueError(f"set_epsilon: e is {e!r}, expected a finite number above 0")
    change("epsilon", value)
    if keras := _keras():
        keras.set_epsilon(value)


def floatx() -> str:
    """The default floating dtype.

    Returns
    -------
    str
        'float16', 'float32' (default) or 'float64'.

    References
    ----------
    Keras 2.3.1, ``keras.backend.floatx``.

    Examples
    --------
    >>> K.floatx()
    'float32'
    >>> K.dtype(K.variable(np.ones(2, "float64")))  # the value's dtype does not count
    'float32'
    """
    keras = _keras()
    return setting("floatx") if keras is None else keras.floatx()


def set_floatx(floatx: str) -> None:
    """Set the default floating dtype.

    Parameters
    ----------
    floatx : {'float16', 'float32', 'float64'}

    Raises
    ------
    ValueError
        For anything else.

    References
    ----------
    Keras 2.3.1, ``keras.backend.set_floatx``.

    Examples
    --------
    >>> K.set_floatx("float64")
    >>> K.eval(K.constant([1, 2]) / 3.0)
    array([0.33333333, 0.66666667])
    >>> K.set_floatx("float32")
    """
    change("floatx", _floatx(floatx))
    if keras := _keras():
        keras.set_floatx(str(floatx))


def _floatx(value: Any) -> str:
    if not isinstance(value, str) or value not in _FLOATX:
        raise ValueError(f"set_floatx: floatx is {value!r}, expected one of {', '.join(_FLOATX)}")
    return str(value)


def image_data_format() -> str:
    """The default order of the axes of images.

    Returns
    -------
    str
        'channels_last' (default) or 'channels_first'.

    References
    ----------
    Keras 2.3.1, ``keras.backend.image_data_format``.

    Examples
    --------
    >>> K.image_data_format()
    'channels_last'
    """
    keras = _keras()
    return setting("image_data_format") if keras is None else keras.image_data_format()


def set_image_data_format(data_format: str) -> None:
    """Set the default order of the axes of images.

    Parameters
    ----------
    data_format : {'channels_last', 'channels_first'}

    Raises
    ------
    ValueError
        For anything else.

    References
    ----------
    Keras 2.3.1, ``keras.backend.set_image_data_format``.

    Examples
    --------
    >>> image = np.zeros((1, 3, 8, 8))
    >>> K.set_image_data_format("channels_first")
    >>> K.pool2d(image, (2, 2), (2, 2)).shape
    (1, 3, 4, 4)
    >>> K.set_image_data_format("channels_last")
    """
    if not isinstance(data_format, str) or data_format not in _FORMATS:
        wanted = " or ".join(map(repr, _FORMATS))
        raise ValueError(f"set_image_data_format: data_format is {data_format!r}, expected {wanted}")
    change("image_data_format", str(data_format))
    if keras := _keras():
        keras.set_image_data_format(str(data_format))


def image_dim_ordering() -> str:
    """The old name of the default image format.

    Returns
    -------
    str
        'tf' for channels_last, 'th' for channels_first.

    References
    ----------
    Keras 2.3.1, ``keras.backend.image_dim_ordering``.

    Examples
    --------
    >>> K.image_dim_ordering()
    'tf'
    """
    return "th" if image_data_format() == "channels_first" else "tf"


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set the default image format by its old name.

    Parameters
    ----------
    dim_ordering : {'tf', 'th'}

    Raises
    ------
    ValueError
        For anything else.

    References
    ----------
    Keras 2.3.1, ``keras.backend.set_image_dim_ordering``.

    Examples
    --------
    >>> K.set_image_dim_ordering("th")
    >>> K.image_data_format()
    'channels_first'
    >>> K.set_image_dim_ordering("tf")
    """
    if not isinstance(dim_ordering, str) or dim_ordering not in ("tf", "th"):
        raise ValueError(f"set_image_dim_ordering: dim_ordering is {dim_ordering!r}, expected 'tf' or 'th'")
    set_image_data_format("channels_first" if dim_ordering == "th" else "channels_last")


def normalize_data_format(value: str | None) -> str:
    """The image format named in any case, or the default for None.

    Parameters
    ----------
    value : str or None

    Returns
    -------
    str

    Raises
    ------
    ValueError
        For any other name.

    References
    ----------
    Keras 2.3.1, ``keras.backend.normalize_data_format``.

    Examples
    --------
    >>> K.normalize_data_format(None), K.normalize_data_format("Channels_First")
    ('channels_last', 'channels_first')
    """
    return data_format_of("normalize_data_format", value)


def data_format_of(name: str, value: str | None) -> str:
    """`normalize_data_format` for an operation, whose name the error gives."""
    if value is None:
        return image_data_format()
    lowered = value.lower() if isinstance(value, str) else None
    if lowered not in _FORMATS:
        raise ValueError(f"{name}: data_format is {value!r}, expected one of {', '.join(_FORMATS)}")
    return lowered
