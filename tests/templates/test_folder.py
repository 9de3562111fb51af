"""What a folder may hold beside its specification, and that nothing of it is followed, imported or carried out."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
import yaml

from jupyterlab_rob.templates import Finding, check_template
from jupyterlab_rob.templates import folder as folders

from .template import MANIFEST, SPECIFICATION, check_specification, shown, write


def the_one(findings: list[Finding], words: str) -> Finding:
    about = [finding for finding in findings if words in finding.message]
    assert len(about) == 1, shown(findings)
    return about[0]


def test_asks_for_a_missing_manifest_and_checks_the_rest(tmp_path: Path) -> None:
    root = write(tmp_path, {"benchmark.yaml": SPECIFICATION.replace("'decimal'", "").replace("'int'\n", "'integer'\n")})
    (root / "flowserv.yaml").unlink()
    findings = check_template(root)
    assert the_one(findings, "specfile: 'benchmark.yaml'").file == "flowserv.yaml"
    assert the_one(findings, "unknown type 'integer'").file == "benchmark.yaml"


def test_asks_for_a_manifest_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (finding,) = check_template(tmp_path / "empty")
    assert (finding.severity, finding.file, finding.line) == ("error", "flowserv.yaml", None)


def test_warns_of_a_manifest_that_is_not_read(tmp_path: Path) -> None:
    findings = check_template(write(tmp_path, {"flowserv.yml": MANIFEST}))
    assert findings == [the_one(findings, "'flowserv.yml' is not read, since there is 'flowserv.yaml'")]


def test_reads_json(tmp_path: Path) -> None:
    root = write(
        tmp_path, {"flowserv.json": '{\n\t"name": "Sums",\n\t"specfile": "benchmark.yaml",\n\t"licence": 1\n}'}
    )
    (root / "flowserv.yaml").unlink()
    finding = the_one(check_template(root), "takes no 'licence'")
    assert (finding.file, finding.line) == ("flowserv.json", 4)
    (root / "flowserv.json").write_text('{\n"name": "Sums",\n}')
    finding = the_one(check_template(root), "not JSON")
    assert (finding.file, finding.line) == ("flowserv.json", 3)


def test_refuses_links_and_special_files(tmp_path: Path) -> None:
    root = write(tmp_path)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("42")
    (root / "data" / "passwd").symlink_to("/etc/passwd")
    (root / "data" / "more").symlink_to(tmp_path / "outside")
    (root / "private" / "broken").symlink_to("nowhere")
    os.mkfifo(root / "data" / "pipe")
    findings = check_template(root)
    for name in ("data/passwd", "data/more", "private/broken"):
        assert the_one(findings, f"'{name}' is a link").severity == "error"
    assert the_one(findings, "'data/pipe' is no regular file").severity == "error"
    assert len(findings) == 4, shown(findings)


def test_does_not_wait_for_a_pipe_in_the_place_of_the_specification(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "benchmark.yaml").unlink()
    os.mkfifo(root / "benchmark.yaml")
    assert the_one(check_template(root), "'benchmark.yaml' is no file of the folder").file == "flowserv.yaml"


def test_follows_no_link_to_the_specification(tmp_path: Path) -> None:
    root = write(tmp_path)
    (tmp_path / "elsewhere.yaml").write_text("workflow: [\n")
    (root / "benchmark.yaml").unlink()
    (root / "benchmark.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    assert "not YAML" not in shown(check_template(root))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_tells_what_can_not_be_read(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "data" / "numbers.txt").chmod(0)
    try:
        assert the_one(check_template(root), "'data/numbers.txt' can't be read").severity == "error"
    finally:
        (root / "data" / "numbers.txt").chmod(stat.S_IRUSR | stat.S_IWUSR)


def test_warns_of_huge_files(tmp_path: Path) -> None:
    root = write(tmp_path)
    with (root / "data" / "jets.h5").open("wb") as file:
        file.truncate(folders.HUGE + 1)  # A hole, which takes no space.
    (finding,) = check_template(root)
    assert (finding.severity, finding.file) == ("warning", "data/jets.h5")


def test_limits_the_specification(tmp_path: Path) -> None:
    findings = check_specification(tmp_path, SPECIFICATION + "# " + "x" * folders.MAX_TEXT)
    assert the_one(findings, "larger than").severity == "error"


def test_warns_of_a_folder_whose_name_is_no_benchmarks(tmp_path: Path) -> None:
    root = write(tmp_path).rename(tmp_path / "Our Sums!")
    assert [finding.severity for finding in check_template(root)] == ["warning"]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [1]\n" + "".join(f"b{n}: &b{n} [{', '.join([f'*b{n - 1}' if n else '*a'] * 10)}]\n" for n in range(9)),
        "a: &a [*a]\n",
        "a: &a {b: *a}\n",
        "[" * 5000,
        "{a: " * 5000,
        "- " * 5000 + "x",
        "",
        "# nothing\n",
        "just a text",
        "- a\n- b\n",
        "a: b\n---\nc: d\n",
        "? [a, b]\n: c\n",
        "!!map [a]\n",
        "workflow: !!int x\n",
        "workflow: {steps: [{action: {commands: {}}}]}\n",
        "\x00",
        "workflow: !!timestamp 2020-99-99\n",
        "<<: 5\n",
        "a: *nobody\n",
    ],
)
@pytest.mark.parametrize("name", ["benchmark.yaml", "flowserv.yaml"])
def test_survives_any_document(text: str, name: str, tmp_path: Path) -> None:
    findings = check_template(write(tmp_path, {name: text}))
    assert any(finding.severity == "error" and finding.file == name for finding in findings), shown(findings)


@pytest.mark.parametrize("name", ["benchmark.yaml", "flowserv.yaml", "instructions.md", "code/evaluate.py"])
def test_survives_what_is_no_text(name: str, tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / name).write_bytes(b"\xff\xfe\x00\x80")
    assert "is not a text in UTF-8" in shown(check_template(root))


def test_takes_aliases_and_merged_mappings(tmp_path: Path) -> None:
    text = SPECIFICATION.replace(
        "outputs:\n  - source: 'results/sums.txt'\n    title: 'Sums'",
        (
            "outputs:\n  - &sums {source: 'results/sums.txt', title: 'Sums'}\n"
            "  - {<<: *sums, source: 'results/score.json', title: *title}"
        ),
    ).replace("title: 'Tuning'", "title: &title 'Tuning'")
    assert check_specification(tmp_path, text) == []


def test_changes_no_loader_and_opens_nothing_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constructors = dict(yaml.FullLoader.yaml_constructors), dict(yaml.SafeLoader.yaml_constructors)
    monkeypatch.setattr(socket, "socket", None)
    marker = tmp_path / "carried-out"
    text = SPECIFICATION.replace("'Shift'", f"!!python/object/apply:os.system ['touch {marker}']")
    findings = check_specification(tmp_path, text.replace("'Deviation'", "!include /etc/passwd"))
    assert "'!include' reads other files" in shown(findings)
    assert not marker.exists()
    assert constructors == (dict(yaml.FullLoader.yaml_constructors), dict(yaml.SafeLoader.yaml_constructors))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# Sums\n\nSee {{/etc/passwd}}.", "'{{/etc/passwd}}' includes a file that leaves the folder"),
        ("# Sums\n\nSee {{../x.md}}.", "'{{../x.md}}' includes a file that leaves the folder"),
        ("# Sums\n\nSee {{more.md}}.", "'{{more.md}}' includes a file that does not exist"),
        ("# Sums\n\n$x_{{i}}$", "put a blank between the braces"),
        ("# Sums\n\n{{instructions.md}}", "includes a file that includes itself"),
    ],
)
def test_looks_at_what_the_instructions_include(text: str, words: str, tmp_path: Path) -> None:
    (finding,) = check_template(write(tmp_path, {"instructions.md": text}))
    assert words in finding.message
    assert (finding.severity, finding.file, finding.line) == ("error", "instructions.md", 3)


def test_takes_instructions_in_parts(tmp_path: Path) -> None:
    files = {"instructions.md": "{{docs/a.md}} {{docs/b.md}}", "docs/a.md": "A {{b.md}}", "docs/b.md": "B"}
    assert check_template(write(tmp_path, files)) == []


def test_warns_of_empty_instructions(tmp_path: Path) -> None:
    (finding,) = check_template(write(tmp_path, {"instructions.md": " \n"}))
    assert (finding.severity, finding.file) == ("warning", "instructions.md")
