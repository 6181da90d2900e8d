"""The contents of an index, read back posting by posting, and Lucene's own check of it."""

from pathlib import Path
from typing import Any, NamedTuple

from lexlip_lucene.lucene.index.commit import open_reader
from lexlip_lucene.lucene.jvm.jvm import java_class


class Dump(NamedTuple):
    """`docids` by document number, and of every token the (document number, frequency) pairs, in Lucene's order."""

    docids: list[str]
    postings: dict[str, list[tuple[int, int]]]

    def by_docid(self) -> dict[str, dict[str, int]]:
        """Return token → docid → frequency."""
        return {token: {self.docids[n]: freq for n, freq in pairs} for token, pairs in self.postings.items()}


def dump(index: Path, field: str = "contents") -> Dump:
    """Read all of an index without deletions."""
    reader = open_reader(index)
    fields = reader.storedFields()
    docids = [fields.document(number).get("id") for number in range(reader.maxDoc())]
    assert docids == binary_ids(reader)
    postings = {}
    terms = java_class("org.apache.lucene.index.MultiTerms").getTerms(any_reader(reader), field)
    walk = terms.iterator() if terms else None
    while walk and (term := walk.next()):
        token, pairs = term.utf8ToString(), walk.postings(None)
        postings[token] = [(pairs.nextDoc(), pairs.freq()) for _ in range(walk.docFreq())]
    reader.close()
    return Dump(docids, postings)


def any_reader(reader: Any) -> Any:
    """Cast the reader to the class that Lucene's helpers take, among whose overloads pyjnius would choose wrongly."""
    from jnius import cast

    return cast("org.apache.lucene.index.IndexReader", reader)


def postings_of(index: Path, token: str) -> list[tuple[int, int]]:
    """Read the (document number, frequency) pairs of one token."""
    reader = open_reader(index)
    term = java_class("org.apache.lucene.util.BytesRef")(token.encode())
    walk = java_class("org.apache.lucene.index.MultiTerms").getTermPostingsEnum(any_reader(reader), "contents", term)
    found = []
    while (number := walk.nextDoc()) != 2**31 - 1:
        found.append((number, walk.freq()))
    reader.close()
    return found


def binary_ids(reader: Any) -> list[str]:
    """Read the ids as doc values, which break ties in searches."""
    values = java_class("org.apache.lucene.index.MultiDocValues").getBinaryValues(any_reader(reader), "id")
    ids = []
    for number in range(reader.maxDoc()):
        assert values.nextDoc() == number
        ids.append(values.binaryValue().utf8ToString())
    return ids


def require_sound(index: Path) -> None:
    """Let Lucene check every file of the index, slowly: checksums, and all structures against each other."""
    path = java_class("java.nio.file.Paths").get(str(index.absolute()))
    directory = java_class("org.apache.lucene.store.FSDirectory").open(path)
    check = java_class("org.apache.lucene.index.CheckIndex")(directory)
    said = java_class("java.io.ByteArrayOutputStream")()
    stream = java_class("java.io.PrintStream")(said, signature="(Ljava/io/OutputStream;)V")
    check.setInfoStream(stream)
    assert check.checkIndex().clean, said.toString()
    check.close()
    directory.close()


def stored(index: Path, docid: str) -> dict[str, list[str]]:
    """Read the stored fields of one document: name → values."""
    reader = open_reader(index)
    fields = reader.storedFields()
    for number in range(reader.maxDoc()):
        document = fields.document(number)
        if document.get("id") == docid:
            names = {field.name() for field in document.getFields().toArray()}
            found = {name: list(document.getValues(name)) for name in names}
    reader.close()
    return found
