"""YAML is read as text trees; what could run, explode or hide is refused."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.errors import InputFileError
from cryptotrace.labels.yaml_tree import Include, read_tree

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), max_size=20)
trees = st.recursive(
    texts, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
)


@given(trees)
def test_what_a_yaml_writer_wrote_is_read_back(tree):
    written = yaml.safe_dump(tree, default_style='"', allow_unicode=True)
    assert read_tree(written, "t") == tree


def test_scalars_stay_the_text_of_the_file():
    tree = read_tree('a: 0x00aB\nb: no\nc: 2021-13-45\nd: 1e5\ne: ~\nf: "~"\ng:\nh: !!str 7\n', "t")
    assert tree == {"a": "0x00aB", "b": "no", "c": "2021-13-45", "d": "1e5", "e": None, "f": "~", "g": None, "h": "7"}


def test_lines_and_repeated_keys_are_kept():
    tree = read_tree("tags:\n- a: 1\n\n- a: 2\n  a: 3\n- x\n", "t")
    assert tree["tags"].lines == [2, 4, 6]
    assert [block.duplicate for block in tree["tags"][:2]] == [None, "a"]
    assert tree["tags"][1] == {"a": "2"}


def test_aliases_and_merge_keys_are_followed_and_own_keys_win():
    tree = read_tree("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nagain: *b\nword: &w hi\nsame: *w\n", "t")
    assert tree["use"] == {"x": "1", "y": "3"}
    assert tree["again"] == {"x": "1", "y": "2"}
    assert tree["same"] == "hi"


@pytest.mark.parametrize("line", ["- [*a0, *a0]", "- {<<: [*a0, *a0]}"])
def test_an_alias_bomb_is_refused(line):
    first = "- &a0 [x,x,x,x,x,x,x,x,x,x]" if "<<" not in line else "- &a0 {" + ",".join(f"k{i}: x" for i in range(9)) + "}"
    bomb = [first]
    for level in range(1, 25):
        before, here = f"*a{level - 1}", f"&a{level} "
        body = ",".join([before] * 9)
        bomb.append(f"- {here}[{body}]" if "<<" not in line else f"- {here}{{<<: [{body}]}}")
    with pytest.raises(InputFileError, match="expand without bounds") as caught:
        read_tree("\n".join(bomb), "bomb.yaml")
    assert caught.value.where.startswith("bomb.yaml:")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: !!python/object/apply:os.system ['true']\n", 2),
        ("a: !!python/name:os.system\n", 1),
        ("a: !!binary aGk=\n", 1),
        ("a: !include other.yaml\n", 1),
        ("tags:\n- header: !include other.yaml\n", 2),
        ("a: &x [*x]\n", 1),
        ("a: *nothing\n", 1),
        ("a: 1\n---\nb: 2\n", 2),
        ("? [1, 2]\n: x\n", 1),
        ("a: " + "[" * 1_000_000, 1),
        ("- " * 200 + "x", 1),
    ],
)
def test_what_is_no_plain_flat_yaml_is_refused_with_its_line(text, line):
    with pytest.raises(InputFileError) as caught:
        read_tree(text, "t.yaml")
    assert caught.value.where == f"t.yaml:{line}"


@pytest.mark.parametrize(
    ("text", "line"), [("a: 1\nb: [1\nc: 2\n", 3), ("a: 1\n b: 2\n", 2), ("x\n\x07\n", 2), ('a: "open\n', 2)]
)
def test_a_syntax_error_names_its_line(text, line):
    with pytest.raises(InputFileError, match="not valid YAML") as caught:
        read_tree(text, "t.yaml")
    assert caught.value.where == f"t.yaml:{line}"


def test_an_include_is_only_a_name_here():
    assert read_tree("header: !include header.yaml\n", "t") == {"header": "header.yaml"}
    assert isinstance(read_tree("header: !include header.yaml\n", "t")["header"], Include)


def test_an_empty_document_is_nothing():
    assert read_tree("", "t") is None


def test_the_slow_parser_reads_the_same(monkeypatch):
    text = "a: &x [1, ~, 'two']\nb: {c: *x}\n"
    quick = read_tree(text, "t")
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert read_tree(text, "t") == quick == {"a": ["1", None, "two"], "b": {"c": ["1", None, "two"]}}
