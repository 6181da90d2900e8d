"""Prompts: what is said with the words of a label, one template a line, `{}` where the words go.

    a photo of a {}.
    a drawing of a {}.

Several of them are an ensemble (CLIP, arXiv 2103.00020, §3.1.4); a template that is listed twice counts twice.
"""

from collections.abc import Sequence
from pathlib import Path

from lexlip_lucene.data.labels import Label
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import read_full_lines

PLACE = "{}"

DEFAULT_PROMPTS = ("a photo of a {}.",)
"""CLIP's single prompt."""


def read_prompts(path: Path) -> list[str]:
    """Read templates in their order.

    Raises:
        InputError: no such file, no line, or (file:line) an empty line or one that has not exactly one `{}`.
    """
    return [require_template(line, where) for where, line in read_full_lines(path, "prompts")]


def require_template(template: str, where: str) -> str:
    """Return `template`, or raise InputError that names `where` when it has not exactly one `{}`."""
    places = template.count(PLACE)
    if places != 1:
        raise InputError(
            f"{where}: a prompt needs {PLACE} exactly once, where the label's words go, but {template!r} "
            f"has it {places} times"
        )
    return template


def require_templates(templates: Sequence[str]) -> None:
    """Raise InputError, with the template's number, if one has not exactly one `{}`."""
    for number, template in enumerate(templates, start=1):
        require_template(template, f"prompt {number}")


def filled(template: str, words: str) -> str:
    """Put `words` where `{}` is: "a photo of a {}." with "cat" is "a photo of a cat.".

    Other braces stay as they are, in the template and in the words: `str.format` would take them for its own.
    """
    return template.replace(PLACE, words)


def prompts_of(label: Label, templates: Sequence[str]) -> list[str]:
    """Return the texts of `label`, one a template."""
    return [filled(template, label.words) for template in templates]
