"""Files that are written whole: a kill or a full disk leaves the old one or the new one."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from store.whole import whole, write_whole

SLOWLY = """
import sys
from pathlib import Path
from store.whole import whole
with whole(Path(sys.argv[1])) as beside, beside.open("w") as out:
    out.write("half of ")
    out.flush()
    print("half", flush=True)
    sys.stdin.read()
"""


def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "kept.md"
    write_whole(file, "old")
    command = [sys.executable, "-c", SLOWLY, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert file.read_text() == "old"
    write_whole(file, "new")
    assert file.read_text() == "new"
    assert [each.name for each in tmp_path.iterdir()] == ["kept.md"]


def test_a_full_disk_leaves_the_old_file_and_nothing_beside(tmp_path: Path) -> None:
    file = tmp_path / "kept.md"
    write_whole(file, "old")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_whole(file, "new" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert file.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["kept.md"]


def test_a_link_is_followed_and_the_mode_stays(tmp_path: Path) -> None:
    file, link = tmp_path / "there", tmp_path / "link"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    write_whole(link, "new")
    assert link.is_symlink()
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o640
    write_whole(file, "mine", private=True)
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_no_file_is_written_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with whole(pipe) as place:
        place.write_text("through")
    reader.join(10)
    assert read == ["through"]
    assert pipe.is_fifo()
