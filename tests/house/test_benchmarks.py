"""The benchmarks run, on nets and arrays too small to tell anything; their figures become tables and a picture."""

import functools
import importlib
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # where pytest is not started as a module

from benchmarks import __main__ as program  # noqa: E402
from benchmarks import comparison, deep_graph, gpu, memory, nets, peers, training_step  # noqa: E402
from benchmarks.comparison import Row, Side, Target, compared, ratios, tabled  # noqa: E402
from benchmarks.timing import interleaved  # noqa: E402
from benchmarks.worker import Worker  # noqa: E402

pytestmark = pytest.mark.slow

TINY = (
    nets.Net("dense", "dense", 4, (6,), (5, 5, 3)),
    nets.Net("convolution", "convolution", 2, (8, 8, 1), (3, 4, 5, 3)),
    nets.Net("recurrent", "recurrent", 2, (4, 3), (4, 3)),
    nets.Net("normalized", "normalized", 4, (8, 8, 2), (3, 4, 4, 3)),
)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """No peers but torch, and every side called once instead of measured: it costs as many as its name has letters."""
    monkeypatch.setattr(peers, "_CHOSEN", {"numpy", "torch"})

    def once(made, **how):
        for call in made.values():
            call()
        return {name: float(len(name)) for name in made}

    monkeypatch.setattr(comparison, "interleaved", once)


@pytest.mark.parametrize(
    ("name", "tiny"),
    [
        ("training_step", {"which": TINY}),
        ("inference", {"which": tuple(net.of(1) for net in TINY)}),
        ("elementwise_chain", {"size": 50, "sweep": (10, 20)}),
        ("deep_graph", {"depths": (3, 6)}),
    ],
)
def test_every_side_computes_the_same_and_has_its_row(name, tiny):
    module = importlib.import_module(f"benchmarks.{name}")
    rows = module.measured(True, **tiny)
    text = module.report(rows)
    assert all(row.case in text and row.side in text for row in rows)
    assert any(row.targets for row in rows)
    assert (module is deep_graph) or "jax was left out" in text


def test_a_side_with_other_losses_is_refused():
    with pytest.raises(AssertionError, match="wrong: the first losses are"):
        training_step.same_losses({"torch by hand": lambda: 1.0, "wrong": lambda: 1.1})


def test_a_missing_gpu_is_told_in_one_sentence():
    if gpu.gpu("torch") is None:
        pytest.skip("there is a GPU here")
    assert "Nothing was measured on a GPU: cupy" in gpu.table(True)


WIDE = nets.Net("wide", "dense", 2000, (1000,), (1000, 1000, 10))  # 8 MB for each weight, and for each activation


@pytest.mark.skipif(not memory.STATUS.exists(), reason="the resident set is read from /proc")
def test_memory_is_measured_in_a_process_of_its_own():
    worker = Worker(functools.partial(memory.resident, "K [numpy]", WIDE))
    assert 30 < worker() < 400  # five arrays, less what the small net before left to be used again
    assert worker.timeit(1) > 0
    worker.close()


@pytest.mark.parametrize("side", ["K [numpy]", "K [torch]", memory.BY_HAND])
def test_bytes_alive_are_counted(side):
    worker = Worker(functools.partial(memory.alive, side, WIDE))
    found = float(worker())
    worker.close()
    # the batch, two weights, their gradients, and between one and four activations and cotangents
    assert 5 * 8 + 8 < found < 5 * 8 + 4 * 8 + 1


def test_a_worker_that_fails_is_told(capfd):
    with pytest.raises(RuntimeError, match="a worker ended"):
        Worker(functools.partial(int, "three"))()
    assert "invalid literal for int" in capfd.readouterr().err


def test_interleaved_gives_a_median_for_each():
    costs = interleaved({"short": lambda: None, "long": lambda: sum(range(2000))}, rounds=3, seconds=0.001)
    assert costs["short"] < costs["long"]


def test_targets_are_judged():
    rows = [
        Row("q", "c", "K", 300.0),
        Row("q", "c", "K, other way", 150.0, targets=(Target("torch", 2.0),)),
        Row("q", "c", "torch", 100.0),
    ]
    assert [(row.side, ratio) for row, _, ratio in ratios(rows)] == [("K, other way", 1.5)]
    text = tabled([*rows, Row("q", "c", "jax", None, absent="jax is not installed")], "A note.")
    assert [line.split("|")[4].strip() for line in text.splitlines() if "| torch " in line][1:] == ["1.50"]
    assert "jax is not installed." in text and text.endswith("A note.\n")


def test_a_verdict_that_processes_disagree_on_is_uncertain():
    rows = [
        Row("q", "c", "K", 120.0, targets=(Target("torch", 1.3),), spread=(119.0, 121.0)),
        Row("q", "c", "torch", 100.0, spread=(75.0, 101.0)),
    ]
    text = tabled(rows)
    assert "yes, uncertain" in text and "(" in text
    assert "uncertain" not in tabled([rows[0], Row("q", "c", "torch", 100.0, spread=(99.0, 101.0))])


def test_a_side_that_is_not_there_has_a_row_without_cost():
    sides = [Side("K", "numpy", lambda: list), Side("other", "jax", lambda: 1 / 0)]
    here, absent = compared("q", "c", sides, rounds=1, seconds=0.001, apart=False)
    assert here.cost == 1.0
    assert (absent.cost, absent.absent) == (None, "jax was left out")


def test_figures_become_json_and_a_picture(monkeypatch, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(peers, "limit", lambda count: None)
    monkeypatch.setattr(
        training_step,
        "measured",
        lambda quick: [Row("q", "c", "K [numpy]", 3.0, targets=(Target("torch", 2.0),)), Row("q", "c", "torch", 1.0)],
    )
    monkeypatch.setattr(
        sys,
        "argv",
        ["benchmarks", "training_step", "--json", str(tmp_path / "a.json"), "--plot", str(tmp_path / "a.png")],
    )
    program.main()
    assert "### q: targets" in capsys.readouterr().out
    assert json.loads((tmp_path / "a.json").read_text())["rows"][0]["targets"] == [{"against": "torch", "at_most": 2.0}]
    assert (tmp_path / "a.png").stat().st_size > 5000
