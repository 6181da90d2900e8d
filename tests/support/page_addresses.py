"""Every address that a page leads to or loads."""

from html.parser import HTMLParser

NAMES = ("href", "src", "srcset", "action", "data-maps")


def addresses_on(html: str) -> list[str]:
    """Return the addresses in the attributes of a page, in their order; those within the page are left out."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(text for name, text in attrs if name in NAMES and text and not text.startswith("#"))

    Reader().feed(html)
    # A map needs a word.
    return [f"{address}?token=red" if "/patches/" in address and "?" not in address else address for address in found]
