"""`kryten-economy completion SHELL`: what a shell offers when somebody presses Tab."""

import shutil
import subprocess
from pathlib import Path

import pytest

from kryten_economy.cli import main

COMMANDS = {"doctor", "init", "verify", "backup", "restore", "jobs", "demo", "completion"}


def script(shell: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """What the command prints, in a file."""
    assert main(["completion", shell]) == 0
    path = folder / f"completion.{shell}"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    return path


def offered(path: Path, *words: str) -> set[str]:
    """What bash offers behind these words."""
    program = (
        f'source "{path}"\n'
        f"COMP_WORDS=({' '.join(words)} '')\nCOMP_CWORD={len(words)}\n"
        "complete -p kryten-economy | sed 's/.*-F \\([^ ]*\\).*/\\1/' > name\n"
        '$(cat name)\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "-c", program], cwd=path.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_bash_offers_commands_and_choices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Behind the program stand its commands, behind `completion` the shells."""
    path = script("bash", tmp_path, capsys)

    assert offered(path, "kryten-economy") >= COMMANDS
    assert offered(path, "kryten-economy", "completion") >= {"bash", "zsh", "fish"}


def test_bash_offers_files_for_paths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a file is wanted, files of the directory are offered, also behind a command."""
    path = script("bash", tmp_path, capsys)

    assert "completion.bash" in offered(path, "kryten-economy", "doctor", "--config")
    assert "completion.bash" in offered(path, "kryten-economy", "restore")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_reads_its_script(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All commands are in the script, and the shell, where it is installed, finds no fault."""
    path = script(shell, tmp_path, capsys)
    text = path.read_text(encoding="utf-8")

    assert not [name for name in COMMANDS if name not in text]
    if shutil.which(shell) is not None:
        done = subprocess.run([shell, "-n", str(path)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """What is allowed is told."""
    with pytest.raises(SystemExit) as ended:
        main(["completion", "csh"])

    assert ended.value.code == 2
    assert "bash" in capsys.readouterr().err
