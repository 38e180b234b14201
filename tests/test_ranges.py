"""The table of what the ranges admit."""

import subprocess

import pytest
import ranges
from packaging.requirements import Requirement


def test_the_table_has_a_row_for_each_requirement():
    names = {each.name for each in ranges.requirements()}
    assert {"keras", "jax", "torch", "filelock", "pytest"} <= names
    assert names & {"tensorflow", "tensorflow-cpu"} and len(names) == len(ranges.requirements())


def test_a_row_tells_both_ends_what_is_here_and_what_is_kept_out():
    asked = [Requirement("numpy>=2,<3"), Requirement("absent-one>=1,<2")]
    ends = {"numpy": "2.0.0", "absent-one": "1.0"}, {"numpy": "2.9.0", "absent-one": "1.5"}
    _, absent, numpy = ranges.table(asked, *ends, {"numpy": "3.1.0", "absent-one": "1.5"}).splitlines()
    assert absent.split() == ["absent-one", ">=1,<2", "1.0", "1.5", "-"]
    assert " ".join(numpy.split()) == f"numpy >=2,<3 2.0.0 2.9.0 {ranges.here('numpy')} 3.1.0 is not admitted"


def test_ranges_that_go_with_nothing_end_in_why(monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "no version of keras")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(SystemExit, match="admit no set of releases: no version of keras"):
        ranges.resolved(["keras>=9,<9"])
