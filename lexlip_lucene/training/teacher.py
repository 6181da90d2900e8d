"""Stub."""


class Teacher: ...


def load_teacher(*a, **k): ...
