"""Files of weights: replaced as a whole, checked before they are unpacked, read all or nothing."""

import io
import multiprocessing
import os
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

from backend.models import saving

pytestmark = pytest.mark.slow

NAMES, SHAPES, DTYPES = ["000/top/kernel", "001/top/bias"], [(2, 3), (3,)], ["float32", "float32"]
VALUES = [np.ones((2, 3), "float32"), np.zeros(3, "float32")]


def read(path, names=NAMES, shapes=SHAPES, dtypes=DTYPES):
    return saving.read(path, names, shapes, dtypes)


def refused(path, words="", **model):
    with pytest.raises(ValueError, match=rf"load_weights: .*{path.name}.*{words}"):
        read(path, **model)


def test_values_come_back_and_nothing_else_is_left(tmp_path):
    values = [np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(3, dtype="float16")]
    for overwrite in (False, True):
        saving.write(tmp_path / "w.npz", NAMES, values, overwrite)
    assert all(map(np.array_equal, read(tmp_path / "w.npz"), values))
    assert os.listdir(tmp_path) == ["w.npz"]


def test_a_failed_save_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "w.npz"
    saving.write(path, NAMES, VALUES, True)
    before = path.read_bytes()
    for module, name in ((np, "savez"), (os, "fsync"), (os, "replace")):
        with monkeypatch.context() as patch:

            def stop(*args, **kwargs):
                raise KeyboardInterrupt

            patch.setattr(module, name, stop)
            with pytest.raises(KeyboardInterrupt):
                saving.write(path, NAMES, VALUES, True)
        assert os.listdir(tmp_path) == ["w.npz"] and path.read_bytes() == before
    with pytest.raises(FileNotFoundError):
        saving.write(tmp_path / "no folder" / "w.npz", NAMES, VALUES, True)


def keep_saving(path, number):
    for _ in range(60):
        saving.write(path, NAMES, [np.full((2, 3), number, "float32"), np.full(3, number, "float32")], True)


def test_two_processes_save_one_path_while_it_is_read(tmp_path):
    path = tmp_path / "w.npz"
    saving.write(path, NAMES, [np.full((2, 3), 1.0), np.full(3, 1.0)], True)
    spawn, until = multiprocessing.get_context("spawn"), time.time() + 60
    writers = [spawn.Process(target=keep_saving, args=(path, n)) for n in (1, 2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers) and time.time() < until:
        kernel, bias = read(path)
        assert np.unique(np.append(kernel, bias)).size == 1
    for writer in writers:
        writer.join(10)
        assert writer.exitcode == 0
    assert os.listdir(tmp_path) == ["w.npz"]


def test_a_cut_or_changed_byte_is_noticed(tmp_path):
    path = tmp_path / "w.npz"
    saving.write(path, NAMES, VALUES, True)
    whole = path.read_bytes()
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        refused(path)
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            found = read(path)
        except ValueError as error:
            assert "w.npz" in str(error)
        else:  # bytes that mean nothing here, such as dates
            assert all(map(np.array_equal, found, VALUES))
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nowhere.npz")


@pytest.mark.parametrize(
    "kernel",
    [
        np.ones((2, 3), complex),
        np.full((2, 3), "one"),
        np.full((2, 3), b"one"),
        np.full((2, 3), np.datetime64("2026-01-01")),
        np.ones((2, 3), np.longdouble),
        np.zeros((2, 3), [("a", float)]),
    ],
    ids=lambda x: str(x.dtype),
)
def test_only_real_numbers_are_weights(tmp_path, kernel):
    np.savez(tmp_path / "w.npz", **dict(zip(NAMES, [kernel, VALUES[1]], strict=True)))
    refused(tmp_path / "w.npz", "of dtype .*, the model has 000/top/kernel of dtype float32")


def test_objects_and_fractions_for_integers_are_refused(tmp_path):
    path = tmp_path / "w.npz"
    np.savez(path, **dict(zip(NAMES, [np.full((2, 3), None), VALUES[1]], strict=True)))
    refused(path, "dtype object")
    saving.write(path, NAMES, VALUES, True)
    refused(path, "of dtype float32, the model has 000/top/kernel of dtype int32", dtypes=["int32", "float32"])


def test_swapped_layers_are_noticed(tmp_path):
    path = tmp_path / "w.npz"
    here = [f"{i:03}/{name}" for i, name in enumerate(("d_1/kernel", "d_1/bias", "d_2/kernel", "d_2/bias"))]
    model = {"names": here, "shapes": [(2,)] * 4, "dtypes": ["float32"] * 4}
    for layers, fits in (
        ("d_1 d_1 d_2 d_2", True),
        ("d_4 d_4 d_9 d_9", True),
        ("d d d_1 d_1", True),
        ("d_2 d_2 d_1 d_1", False),
        ("d_2 d_1 d_1 d_2", False),
        ("d_1 d_1 d_1 d_1", False),
        ("d_1 d_3 d_2 d_2", False),
        ("e_1 e_1 e_2 e_2", False),
    ):
        there = [f"{i:03}/{layer}/{name.split('/')[2]}" for i, (layer, name) in enumerate(zip(layers.split(), here))]  # noqa: B905
        saving.write(path, there, [np.ones(2, "float32")] * 4, True)
        if fits:
            assert len(read(path, **model)) == 4
        else:
            refused(path, "the model has", **model)
    saving.write(path, [here[1], here[0], *here[2:]], [np.ones(2, "float32")] * 4, True)
    refused(path, "the model has", **model)
    saving.write(path, ["kernel", "..", "", "a/b"], [np.ones(2, "float32")] * 4, True)
    refused(path, "the model has", **model)


def npy(header_of, data):
    """An .npy file with one array's header before other data."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, np.lib.format.header_data_from_array_1_0(header_of))
    return stream.getvalue() + data


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("claims", [(2, 3), (2**23,), (2**60, 2**60)])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, claims, compression):
    path = tmp_path / "w.npz"
    header = np.broadcast_to(np.float32(0), claims) if claims[0] < 2**40 else np.broadcast_to(np.float32(0), (2, 3))
    data = npy(header, bytes(2**25))
    if claims[0] >= 2**40:
        data = data.replace(b"(2, 3), }" + b" " * 40, b"(1152921504606846976, 1152921504606846976), }".ljust(49))
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr(f"{NAMES[0]}.npy", data)
        archive.writestr(f"{NAMES[1]}.npy", npy(VALUES[1], VALUES[1].tobytes()))
    tracemalloc.start()
    try:
        refused(path)
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("version", [1, 2])
def test_an_entry_that_states_a_smaller_size_unpacks_no_more(tmp_path, version):
    path = tmp_path / "w.npz"
    data = npy(VALUES[0], bytes(2**25))
    if version == 2:  # a header of 32 MiB
        data = data[:6] + b"\x02\x00" + (2**25).to_bytes(4, "little") + b" " * 2**25
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{NAMES[0]}.npy", data)
        archive.writestr(f"{NAMES[1]}.npy", npy(VALUES[1], VALUES[1].tobytes()))
    raw = path.read_bytes()
    path.write_bytes(raw.replace(len(data).to_bytes(4, "little"), (128 + 24).to_bytes(4, "little")))
    tracemalloc.start()
    try:
        refused(path)
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def test_encrypted_and_doubled_entries_are_refused(tmp_path):
    path = tmp_path / "w.npz"
    saving.write(path, NAMES, VALUES, True)
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    refused(path, "encrypted")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "w") as archive:
        for value in VALUES:
            archive.writestr(f"{NAMES[0]}.npy", npy(value, value.tobytes()))
    refused(path, "the model has 001/top/bias")
