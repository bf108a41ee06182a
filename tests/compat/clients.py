"""Runs the tests of packages written on Keras: `python tests/compat/clients.py numpy torch --only keras-bert`.

pip brings their source distributions, at the versions below; their tests run under the Keras installed, and each
failure that clients_expected.txt does not name, with its reason, counts.
"""

from __future__ import annotations

import argparse
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

import suites


class Package(NamedTuple):
    """A release, the other packages that it or its tests import, where its tests lie, and options of pytest."""

    version: str
    needs: tuple[str, ...] = ()
    tests: str = "tests"
    options: tuple[str, ...] = ()


_TRANSFORMER = ("keras-transformer",)
PACKAGES = {
    "keras-self-attention": Package("0.46.0"),
    "keras-drop-block": Package("0.5.0"),
    "keras-multi-head": Package("0.27.0", ("keras-self-attention",)),
    "keras-lookahead": Package("0.9.0", ("keras-radam",)),
    "keras-radam": Package("0.15.0"),
    "keras-layer-normalization": Package("0.14.0", ("keras-multi-head",)),
    "keras-position-wise-feed-forward": Package("0.6.0", ("keras-multi-head", "keras-layer-normalization")),
    "keras-trans-mask": Package("0.4.0"),
    "keras-pos-embd": Package("0.11.0"),
    "keras-embed-sim": Package("0.7.0"),
    "keras-gcn": Package("0.14.0"),
    "keras-adaptive-softmax": Package("0.6.0"),
    "keras-octave-conv": Package("0.9.0"),
    "keras-piecewise": Package("0.14.0"),
    "keras-transformer": Package("0.37.0", ("keras-position-wise-feed-forward", "keras-pos-embd", "keras-embed-sim")),
    "keras-bert": Package("0.84.0", _TRANSFORMER),
    "keras-gpt-2": Package("0.14.0", _TRANSFORMER),
    "keras-transformer-xl": Package("0.12.0", ("keras-transformer", "keras-adaptive-softmax")),
    "keras-xlnet": Package("0.18.0", ("keras-transformer-xl", "keras-trans-mask", "keras-bert", "keras-radam")),
    "keras-rl": Package("0.4.2"),
    "kerassurgeon": Package("0.1.3"),
    "innvestigate": Package("1.0.8", tests="innvestigate/tests", options=("-m", "fast")),  # the others take hours
    "keract": Package("2.8.5", tests=""),
}
SAMPLE = ["keras-self-attention", "keras-drop-block", "keras-multi-head", "keras-lookahead"]
LONG = "fit_self fit_multi multi_attention multi_cnn multi_lstm update_sub ranger".split()  # these train for minutes
LONGEST = 1200.0  # seconds for the tests of one package


def with_needs(names: list[str]) -> list[str]:
    """The packages named, and all that they need."""
    found = dict.fromkeys(names)
    for name in names:
        found |= dict.fromkeys(with_needs(list(PACKAGES[name].needs)))
    return list(found)


def fetched(names: list[str], into: Path) -> dict[str, Path]:
    """The source distributions of these packages, unpacked."""
    found = {}
    suites.downloaded([f"{name}=={PACKAGES[name].version}" for name in names], into)
    for name in names:
        folder = f"{name}-{PACKAGES[name].version}"
        with tarfile.open(into / f"{folder}.tar.gz") as packed:
            packed.extractall(into, filter="data")
        found[name] = into / folder
    return found


def tests_of(name: str, source: Path) -> str:
    """Where the tests of a package lie; keract's distribution has none, so ours stand in."""
    return PACKAGES[name].tests or str(suites.HERE / f"{name}_checks.py")


def main() -> int:
    """Run on each library named; 1 when a test failed that nobody expected to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("libraries", nargs="*", default=["numpy"], help="what to run on: numpy, torch, torch:cuda, jax")
    parser.add_argument("--only", action="append", choices=PACKAGES, help="a package; all of them by default")
    parser.add_argument("--sample", action="store_true", help=f"the shorter tests of {', '.join(SAMPLE)}")
    parser.add_argument("--source", type=Path, help="a folder for the distributions, which is kept")
    arguments, options = parser.parse_known_args()
    names = arguments.only or (SAMPLE if arguments.sample else list(PACKAGES))
    options += ["-k", " and ".join(f"not {name}" for name in LONG)] if arguments.sample else []
    expected, unexpected = suites.expectations("clients_expected.txt"), []
    with tempfile.TemporaryDirectory() as place:
        into = (arguments.source or Path(place) / "packages").absolute()
        into.mkdir(parents=True, exist_ok=True)
        sources = fetched(with_needs(names), into)
        imports = [source / "src" if (source / "src").is_dir() else source for source in sources.values()]
        for library in arguments.libraries:
            home = Path(place) / f"home-{library.replace(':', '-')}"
            home.mkdir()
            outcomes = []
            for name in names:
                source = sources[name]
                paths, own = [tests_of(name, source)], [p for p in imports if p.is_relative_to(source)]
                others = [*own, *(p for p in imports if p not in own)]
                how = [*PACKAGES[name].options, *options]
                ran = suites.run(source, paths, library, home, "clients_shims", how, others, LONGEST)
                outcomes += [o._replace(file=f"{name}/{o.file}") for o in ran]
            title = f"the tests of {len(names)} packages on {library}"
            found = suites.judged(title, outcomes, expected, lambda o: o.file.partition("/")[0])
            unexpected += [(library, o) for o in found]
    return suites.exit_code(unexpected)


if __name__ == "__main__":
    sys.exit(main())
