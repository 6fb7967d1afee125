import stat

import pytest

from perfpy._files import write_atomically


def test_a_file_is_replaced_and_readable_as_any_other(tmp_path):
    path, ordinary = tmp_path / "report.html", tmp_path / "ordinary"
    ordinary.touch()
    write_atomically(path, b"one")
    write_atomically(path, lambda file: file.write(b"two"))
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)


def test_what_was_there_survives_a_failure_and_nothing_is_left(tmp_path):
    path = tmp_path / "report.html"
    path.write_bytes(b"before")

    def fail(file):
        file.write(b"half")
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="disk on fire"):
        write_atomically(path, fail)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
