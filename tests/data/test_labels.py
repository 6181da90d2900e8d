"""Labels, prompts and true labels as their files give them; every slip is named with file:line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lexlip_lucene.data.label_truth import read_truth, truth_of_folders
from lexlip_lucene.data.labels import Label, read_labels
from lexlip_lucene.data.prompts import DEFAULT_PROMPTS, filled, prompts_of, read_prompts
from lexlip_lucene.errors import InputError

IDS, NAMES = ["cat/1.jpg", "é 2.jpg"], ["cat", "dog"]


def written(folder: Path, content: str) -> Path:
    path = folder / "file.txt"
    path.write_text(content, encoding="utf-8", newline="")
    return path


def truth(path: Path) -> dict[str, str]:
    return read_truth(path, ids=IDS, labels=NAMES)


def test_a_label_is_a_name_and_its_words_which_are_the_same_without_a_tab(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufefftabby\ncrane\tconstruction crane\r\nn01440764\té {} fish")
    assert read_labels(path) == [
        Label("tabby", "tabby"),
        Label("crane", "construction crane"),
        Label("n01440764", "é {} fish"),
    ]


def test_prompts_are_templates_in_their_order_and_one_listed_twice_counts_twice(tmp_path: Path) -> None:
    path = written(tmp_path, "a {}\nan {{}} of {0}\na {}\n")
    assert read_prompts(path) == ["a {}", "an {{}} of {0}", "a {}"]
    assert DEFAULT_PROMPTS == ("a photo of a {}.",)


def test_only_the_place_of_the_words_is_filled_in() -> None:
    assert filled("a photo of a {}.", "cat") == "a photo of a cat."
    assert filled("{0.__class__} {x!r:>9} {{}} %s", "{} {0}") == "{0.__class__} {x!r:>9} {{} {0}} %s"
    assert prompts_of(Label("n1", "{}"), ["a {}", "{}"]) == ["a {}", "{}"]


def test_truth_is_a_label_an_image(tmp_path: Path) -> None:
    assert truth(written(tmp_path, "é 2.jpg\tdog\r\n\ncat/1.jpg\tcat")) == {"é 2.jpg": "dog", "cat/1.jpg": "cat"}


def test_truth_of_folders_is_the_first_folder_where_that_is_a_label() -> None:
    ids = ["cat/1.jpg", "cat/black/2.jpg", "black/cat/3.jpg", "cat", "cats/4.jpg", "dog.jpg", "Dog/5.jpg"]
    assert truth_of_folders(ids, NAMES) == {"cat/1.jpg": "cat", "cat/black/2.jpg": "cat"}
    assert truth_of_folders(["1.jpg", "a/2.jpg"], NAMES) == {}


@pytest.mark.parametrize(
    ("read", "content", "message"),
    [
        (read_labels, "cat\n\ndog\n", "FILE:2: labels may have no empty line"),
        (read_labels, "cat\n \t\n", "FILE:2: labels may have no empty line"),
        (read_labels, "cat\ndog\ncat\tfeline\n", "FILE:3: the label 'cat' must be unique, but it is also at FILE:1"),
        (read_labels, "cat\ndog\ta\tb\n", "FILE:2: a label is 'label' or 'label TAB words', but here are 3 columns"),
        (read_labels, "\tcat\n", "FILE:1: the name of a label must not be empty, got '\\tcat'"),
        (read_labels, "cat\t \n", "FILE:1: the words of a label must not be empty, got 'cat\\t '"),
        (read_labels, "", "labels: at least one line is needed, but FILE is empty"),
        (read_prompts, "a {}\n\n", "FILE:2: prompts may have no empty line"),
        (
            read_prompts,
            "a {}\na photo\n",
            "FILE:2: a prompt needs {} exactly once, where the label's words go, but 'a ph",
        ),
        (
            read_prompts,
            "{} and {}\n",
            "FILE:1: a prompt needs {} exactly once, where the label's words go, but '{} and {}'",
        ),
        (read_prompts, "a {0}\n", "but 'a {0}' has it 0 times"),
        (read_prompts, "", "prompts: at least one line is needed, but FILE is empty"),
        (truth, "cat/1.jpg dog\n", "FILE:1: truth is 'image id TAB label', two columns, but here are 1"),
        (truth, "cat/1.jpg\tdog\tcat\n", "FILE:1: truth is 'image id TAB label', two columns, but here are 3"),
        (truth, "cat/1.jpg\tcat\n1.jpg\tcat\n", "FILE:2: no image has the id '1.jpg'"),
        (truth, "cat/1.jpg\tCat\n", "FILE:1: 'Cat' is none of the 2 labels"),
        (
            truth,
            "cat/1.jpg\tcat\ncat/1.jpg\tdog\n",
            "FILE:2: the image 'cat/1.jpg' may have one label, but it has one al",
        ),
        (truth, "\n", "truth: at least one line is needed, but FILE has none"),
    ],
)
def test_a_slip_in_a_file_is_named_with_file_and_line(
    read: Callable[[Path], object], content: str, message: str, tmp_path: Path
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError) as error:
        read(path)
    assert message.replace("FILE", str(path)) in str(error.value)


@pytest.mark.parametrize("read", [read_labels, read_prompts, truth])
def test_a_file_that_is_missing_or_not_utf_8_is_named(read: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with pytest.raises(InputError, match="no such file"):
        read(path)
    path.write_bytes((b"cat/1.jpg\tcat" if read is truth else b"a {}") + b"\n\xff\n")
    with pytest.raises(InputError, match=r"file.txt:2: .* must be UTF-8"):
        read(path)
