"""`python -m benchmarks.gpu_check` on a CPU: every part runs, a fault is in the report, and the time is kept."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # where pytest is not started as a module

from benchmarks import convolution, nets, pooling  # noqa: E402
from benchmarks.gpu_check import __main__ as program  # noqa: E402
from benchmarks.gpu_check import agreement, devices, report, timing, training, transfers  # noqa: E402

pytestmark = pytest.mark.slow

TINY = (
    nets.Net("dense", "dense", 4, (6,), (5, 5, 3)),
    nets.Net("convolution", "convolution", 2, (8, 8, 1), (3, 4, 5, 3)),
)
torch = pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """Small nets, one layer of each kind, and no JAX."""
    for module in (nets, training, transfers):
        monkeypatch.setattr(module, "NETS", TINY)
    monkeypatch.setattr(convolution, "CASES", [convolution.Case((2, 6, 6, 3), (3, 3, 3, 4))])
    monkeypatch.setattr(pooling, "CASES", [pooling.Case("max", (2, 6, 6, 3), 2, 2)])
    monkeypatch.setattr(devices, "jax_beside", lambda device: "left out")


def test_every_part_gives_rows_that_make_tables(monkeypatch):
    parts = []
    for name in ("machine", "losses", "transfers", "steps", "convolution", "pooling", "memory"):
        rows = list(program.PARTS[name][0](["torch"], 5.0))
        assert rows and json.dumps(rows)
        parts.append({"part": name, "status": "complete", "seconds": 1.0, "rows": rows})
    assert report.failed(parts) == []
    about = {"when": "now", "took": 1.0, "minutes": 6, "backends": "torch"}
    text = report.markdown(about, parts)
    assert "All is as it should be." in text
    for said in ("| K [torch]", "torch by hand", "nothing", "convolution, batch 2", "forward", "not counted on a CPU"):
        assert said in text


def test_transfers_are_seen():
    with transfers.counted("torch") as counter:
        float(torch.ones(1))
    assert counter == {"item": 1}


def test_transfers_are_seen_on_cupys_arrays(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "arrays"))
    from stand_in_cupy import in_place

    with in_place() as cupy:
        x = cupy.asarray(np.ones(3))
        with transfers.counted("cupy") as counter:
            bool(x[0])
            x.get()
            cupy.asarray(x)
            cupy.asarray(np.ones(3))
        assert counter == {"__bool__": 1, "get": 1, "asarray of host data": 1}
        with transfers.counted("cupy") as counter:
            x + 1
        assert not counter


def test_digits_are_drawn_where_scikit_learn_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    source, (images, labels, test, _) = training.digits()
    assert "drawn here" in source and images.shape == (1437, 8, 8, 1) and len(test) == 360
    means = np.stack([images[labels == d].mean(0) for d in range(10)]).reshape(10, -1)
    assert np.min(np.std(means, axis=0).max()) > 0.1  # the digits differ


def test_a_loss_that_differs_is_named():
    rows = list(training.first_losses(["torch"], 5.0))
    rows[0]["ok"] = False
    found = report.failed([{"part": "losses", "status": "complete", "seconds": 1.0, "rows": rows}])
    assert found == ["Five steps of the benchmarks' nets, losses beside NumPy's: dense, batch 4, torch"]


def test_conformance_says_what_it_needs(monkeypatch):
    monkeypatch.setattr(agreement, "absence", lambda name: f"{name} is not installed")
    (row,) = agreement.conformance(["torch"], 5.0)
    assert "left out: hypothesis is not installed" in row["verdicts"] and "ok" not in row


def test_a_side_that_fails_has_its_reason():
    place = timing.Place(["torch"], 5.0)
    row = place.measured("A table", "a case", {"good": lambda: 1, "bad": lambda: 1 / 0})
    assert row["good"] > 0 and row["bad"].startswith("ZeroDivisionError")


def test_the_plan_divides_the_time():
    plan = program.plan(list(program.PARTS), ["cupy", "torch:cuda:0"])
    assert sum(share for *_, share in plan) == pytest.approx(1.0)
    assert [backends for name, backends, _ in plan if name == "conformance"] == [["cupy"], ["torch:cuda:0"]]


def test_the_program_writes_both_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["x", "--backends", "torch", "--only", "machine", "--out", str(tmp_path / "new")])
    assert program.main() == 0
    assert "torch 2" in (tmp_path / "new" / "gpu-check.md").read_text("utf-8")
    saved = json.loads((tmp_path / "new" / "gpu-check.json").read_text("utf-8"))
    assert saved["failed"] == [] and saved["parts"][0]["status"] == "complete"


def test_without_a_gpu_one_sentence_and_code_2(tmp_path, monkeypatch, capsys):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    monkeypatch.setattr(sys, "argv", ["x", "--backends", "torch:cuda:0", "--out", str(tmp_path)])
    assert program.main() == 2
    assert "torch cannot use device 'cuda:0' here" in capsys.readouterr().out and not list(tmp_path.iterdir())


def test_a_part_beyond_its_time_is_ended_and_a_fault_named(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert program._part("machine", ["torch"], 5.0, 1.0)["status"] == "left out: no time was left"
    monkeypatch.setattr(program, "SHORTEST", 0.0)
    assert program._part("losses", ["torch"], 5.0, 0.3)["status"] == "ended: it went beyond its time"
    assert "no_such" in program._part("losses", ["no_such"], 5.0, 60.0)["status"]
