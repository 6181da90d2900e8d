"""A model that looks at a picture once: several times as fast, and its vectors are close to those of all views."""

from lexlip_lucene.encoders.model.lexlip import LexLip


def use_fast_views(model: LexLip) -> None:
    """Let `model` look only at the picture as it is.

    Instead of a further view of its own backbone it takes the mean state of the picture itself, and instead of one of
    another backbone the mean over all pictures, which adds nothing to a vector.
    """
    image = model.image
    for number, view in enumerate(image.spec.views):
        # States of views are standardised after the square root.
        image.tower.replaced[number] = None if view.backbone is None else image.view_mean[number].square()
