"""Brace patterns, as shells and WebDataset have them: `{00000..00099}` counts, `{train,val}` chooses.

shards/{08..10}.tar    shards/08.tar, shards/09.tar, shards/10.tar
{a,b}/{0..1}.tar       a/0.tar, a/1.tar, b/0.tar, b/1.tar
"""

import re

from lexlip_lucene.errors import InputError

MOST = 1_000_000
"""Names that a pattern may stand for: more are a slip."""

_BRACES = re.compile(r"\{(?:(\d+)\.\.(\d+)|([^{},]*(?:,[^{},]*)+))\}")

_NESTED = re.compile(r"\{[^{}]*\{[^{}]*\}[^{}]*\}")


def expanded(pattern: str) -> list[str]:
    """Return the names that a pattern stands for, in order; a pattern without braces stands for itself.

    Numbers have as many digits as the wider end if one of both begins with 0.

    Raises:
        InputError: it counts down, has braces within braces, has the same name twice, or stands for more than MOST
            names.
    """
    if _NESTED.search(pattern) and _BRACES.search(pattern):
        raise InputError(f"{pattern}: a pattern has no braces within braces: {{a,b0,b1}} instead of {{a,b{{0..1}}}}")
    names = [pattern]
    while found := _BRACES.search(names[0]):
        values = _values(found, pattern)
        if len(names) * len(values) > MOST:
            raise InputError(f"{pattern}: a pattern stands for {MOST} names at most")
        names = [_BRACES.sub(value, name, count=1) for name in names for value in map(_literal, values)]
    if len(set(names)) < len(names):
        raise InputError(f"{pattern}: this pattern stands for one name twice: write each once")
    return names


def _values(found: "re.Match[str]", pattern: str) -> list[str]:
    first, last, choice = found.groups()
    if choice is not None:
        return [str(value) for value in choice.split(",")]
    begin, end = int(first), int(last)
    if end < begin:
        raise InputError(f"{pattern}: {found[0]} counts down; a pattern counts up, {{{last}..{first}}}")
    if end - begin >= MOST:
        raise InputError(f"{pattern}: a pattern stands for {MOST} names at most")
    width = max(len(first), len(last)) if any(text.startswith("0") and text != "0" for text in (first, last)) else 0
    return [f"{number:0{width}}" for number in range(begin, end + 1)]


def _literal(value: str) -> str:
    return value.replace("\\", "\\\\")
