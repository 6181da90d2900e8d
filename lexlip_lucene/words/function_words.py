"""English words that hold a sentence together and that nobody looks for in a picture.

Prepositions of place ("on", "under", "behind") are among them: they say how things lie, which no single token of a
picture does. Numbers and colours are not: they can be seen.
"""

from collections.abc import Collection

from lexlip_lucene.records import Impacts

_WORDS = (
    "a about above after again against all along also am among an and another any are around as at away be "
    "because been before behind being below beside between beyond both but by can could did do does doing down "
    "during each either else ever every few for from further had has have having he her here hers herself him "
    "himself his how i if in inside into is it its itself just like may me might mine more most must my myself "
    "near neither no nor not now of off on onto or other our ours ourselves out outside over own per please quite "
    "rather s same shall she should show since so some something somewhere such t than that the their theirs them "
    "themselves then there these they this those through to together too toward towards under until up upon us "
    "very via was we were what when where whether which while who whom whose why will with within without would "
    "you your yours yourself"
)

FUNCTION_WORDS = frozenset(_WORDS.split())


def capped(weights: Impacts, functional: Collection[str] = FUNCTION_WORDS) -> Impacts:
    """Return the query weights with no function word above the lightest content word, heaviest first.

    A query of function words only is left as it is.

    Args:
        weights: token → query weight, at least 1.
        functional: tokens that are function words.
    """
    content = [weight for token, weight in weights.items() if token not in functional]
    if not content:
        return dict(weights)
    most = min(content)
    held = {token: min(weight, most) if token in functional else weight for token, weight in weights.items()}
    return dict(sorted(held.items(), key=lambda item: -item[1]))
