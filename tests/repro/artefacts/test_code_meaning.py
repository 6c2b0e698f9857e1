"""The meaning of a source file: it ignores comments and layout, but nothing that runs."""

import os
import textwrap
from pathlib import Path

import pytest

from repro.artefacts import code_meaning
from repro.artefacts.code_meaning import meaning_hash

TEXT = '''
"""What it does."""

import math


class Circle:
    """A circle."""

    radius: float = 1.5

    def area(self, scale=2, *rest, **more):
        """Its area."""
        return math.pi * self.radius**2 * scale
'''


def of(folder: Path, text: str, name: str = "a.py") -> str:
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return meaning_hash(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""What it does."""', '"""Something else."""'),
        ('"""What it does."""', ""),
        ('        """Its area."""\n', ""),
        ("import math\n", "import math  # a comment\n\n\n"),
        ("self, scale=2, *rest, **more", "\n        self, scale=2, *rest, **more\n    "),
        ("return math.pi", "# why\n        return (math.pi)"),
        ("radius: float = 1.5", "radius: float = 1.50"),
    ],
)
def test_words_and_layout_are_no_meaning(tmp_path: Path, old: str, new: str) -> None:
    assert old in TEXT
    assert of(tmp_path, TEXT) == of(tmp_path, TEXT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1.5", "1.6"),
        ("scale=2", "scale=2.0"),
        ("scale=2", "scale=True + 1"),
        ("*rest", "*, rest=None"),
        ("**2", "*2"),
        ("math.pi", "math.tau"),
        ("import math", "import cmath as math"),
        ("class Circle:", "@final\nclass Circle:"),
        ("    radius: float", "    size: float"),
        ('        """Its area."""\n', '        print("""Its area.""")\n'),
        ("def area", "async def area"),
    ],
)
def test_what_is_run_is_meaning(tmp_path: Path, old: str, new: str) -> None:
    assert old in TEXT
    assert of(tmp_path, TEXT) != of(tmp_path, TEXT.replace(old, new))


def test_a_text_that_is_no_docstring_counts(tmp_path: Path) -> None:
    assert of(tmp_path, "x = 'a'") != of(tmp_path, "x = 'b'")
    assert of(tmp_path, "x = b'1'") != of(tmp_path, "x = '1'") != of(tmp_path, "x = 1")


def test_of_a_template_all_bytes_count(tmp_path: Path) -> None:
    assert of(tmp_path, "<p>", "a.html") != of(tmp_path, "<p> ", "a.html")


def test_what_is_kept_is_of_the_same_size_and_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file edited without a change of size is read again; an untouched one is not."""
    monkeypatch.chdir(tmp_path)
    Path(".snakemake").mkdir()
    code_meaning._kept.cache_clear()
    before = of(tmp_path, "x = 1")
    code_meaning._keep(code_meaning.KEPT)
    code_meaning._kept.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(code_meaning, "_scan", lambda path: pytest.fail("read again"))
        assert meaning_hash(tmp_path / "a.py") == before
    status = (tmp_path / "a.py").stat()
    (tmp_path / "a.py").write_text("x = 2")
    os.utime(tmp_path / "a.py", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert meaning_hash(tmp_path / "a.py") != before
    code_meaning.KEPT.write_text("[")
    code_meaning._kept.cache_clear()
    assert meaning_hash(tmp_path / "a.py") != before
    code_meaning._kept.cache_clear()
