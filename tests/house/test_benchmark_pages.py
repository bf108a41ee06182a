"""The pages of figures: the plots are those of the tables, and files of figures can be compared."""

import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # where pytest is not started as a module

from benchmarks import __main__ as program  # noqa: E402
from benchmarks import gallery, peers, timing  # noqa: E402

ROWS = """\
### A question: targets

| case | side | against | ratio | at most | reached |
| ---- | ---- | ------- | ----- | ------- | ------- |
| a & b | K [numpy] | torch | 0.50 | 1.00 | yes |
| c | K [numpy] | torch | 2.00 | 1.00 | no |
| d | K [torch] | torch | 1.00 | 1.00 | yes, uncertain |

Text.
"""


def test_the_plots_are_those_of_the_tables_and_the_page_shows_each():
    made = gallery.plots(gallery.RESULTS.read_text("utf-8"))
    kept = {path.name: path.read_text("utf-8") for path in (ROOT / "docs" / "plots").glob("*.svg")}
    assert kept == made, "run: python -m benchmarks.gallery"
    page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    assert [name for name in made if f"(plots/{name})" not in page] == []


def test_a_plot_has_a_bar_for_each_row_and_its_colour_is_the_verdict():
    ((name, text),) = gallery.plots(ROWS).items()
    assert name == "a-question.svg"
    picture = ElementTree.fromstring(text)
    bars = [part for part in picture.iter() if part.get("fill-opacity")]
    assert [bar.get("fill") for bar in bars] == [gallery.GOOD, gallery.BAD, gallery.OPEN]
    short, long, middle = (float(bar.get("width")) for bar in bars)
    assert long - middle == pytest.approx(middle - short, abs=0.2)  # a logarithmic axis
    assert "a & b: K [numpy] to torch" in [part.text for part in picture.iter()]
    assert next(picture.iter("{http://www.w3.org/2000/svg}title")).text == "A question: 2 of 3 targets reached"


def _saved(path, costs, **about):
    rows = [
        {"question": "q", "case": case, "side": "K", "unit": "µs", "cost": cost, "spread": spread}
        for case, cost, spread in costs
    ]
    path.write_text(json.dumps({"threads": 2, **about, "rows": rows}))
    return str(path)


def test_two_files_are_compared_with_their_spread(tmp_path, monkeypatch, capsys):
    old = _saved(
        tmp_path / "old.json",
        [("a", 10.0, (9.0, 11.0)), ("b", 10.0, (9.0, 11.0)), ("c", 10.0, None), ("old", 1.0, None)],
        processor="one",
    )
    new = _saved(
        tmp_path / "new.json",
        [("a", 5.0, (4.0, 6.0)), ("b", 11.0, (10.0, 12.0)), ("c", 40.0, None), ("d", None, None)],
        processor="two",
    )
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--compare", old, new])
    program.main()
    lines = capsys.readouterr().out.splitlines()
    cells = {line.split("|")[1].strip(): [c.strip() for c in line.split("|")[2:-1]] for line in lines if "|" in line}
    assert cells["a"][-3:] == ["0.50", "0.36 to 0.67", "faster"]
    assert cells["b"][-3:] == ["1.10", "0.91 to 1.33", "within the spread"]
    assert cells["c"][-3:] == ["4.00", "-", "one run"]
    assert cells["geometric mean"][3] == "1.30"
    assert "Not the same in both: processor (one; two)." in lines
    assert "1 figures are in one of the files only." in lines


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--peers", "jax,nonsense"], "no peer is named nonsense; choose from"),
        (["--compare", "none.json", "none.json"], "--compare: none.json cannot be read"),
        (["--compare", __file__, __file__], "cannot be read"),
    ],
)
def test_bad_arguments_are_told_before_anything_is_measured(arguments, told, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    monkeypatch.setattr(peers, "limit", lambda count: pytest.fail("it went on"))
    with pytest.raises(SystemExit):
        program.main()
    assert told in capsys.readouterr().err


def test_every_table_says_what_it_was_measured_on(monkeypatch):
    monkeypatch.setattr(timing, "_BELOW", [])
    plain = timing.printed("title", ["case"], [["a"]])
    timing.print_below("A processor.")
    assert timing.printed("title", ["case"], [["a"]]) == f"{plain}\nA processor.\n"
    assert timing.processor()
    assert timing.blas().startswith("NumPy: ")
