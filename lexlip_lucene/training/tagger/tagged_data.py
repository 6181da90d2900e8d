"""The posts of a tagger recipe, read: those trained on, those kept aside, and those only reported."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lexlip_lucene.data.entities.tagged_posts import TaggedPost, pictures_of, read_tagged_posts
from lexlip_lucene.errors import InputError
from lexlip_lucene.recipes.tagger_recipe import PostsRecipe


@dataclass(frozen=True)
class PostSet:
    """Posts with the file of each one's picture; None: it has none, or the file is missing."""

    posts: list[TaggedPost]
    pictures: list[Path | None]
    missing: int

    def __len__(self) -> int:
        return len(self.posts)

    def chosen(self, numbers: list[int]) -> "PostSet":
        """Return some of the posts; missing pictures are counted with the whole."""
        return PostSet([self.posts[at] for at in numbers], [self.pictures[at] for at in numbers], 0)

    @property
    def words(self) -> list[tuple[str, ...]]:
        """The words of each post."""
        return [post.words for post in self.posts]


def read_posts(path: Path, images: Path | None) -> PostSet:
    """Read a file of tagged posts and find their pictures; errors are those of `data/tagged_posts.py`."""
    posts = read_tagged_posts(path)
    return PostSet(posts, *pictures_of(posts, images))


def keep_aside(whole: PostSet, recipe: PostsRecipe, seed: int) -> tuple[list[int], list[int]]:
    """Return the numbers of the posts trained on and of those kept aside, dealt by chance; each list is in order.

    Posts of the same picture, which say about the same, go to the same side, so up to a few more may be kept aside.

    Raises:
        InputError: there are not enough posts.
    """
    keys = [post.picture or f"\0{number}" for number, post in enumerate(whole.posts)]
    names = list(dict.fromkeys(keys))
    aside: set[str] = set()
    count = 0
    for at in np.random.default_rng(seed).permutation(len(names)).tolist():
        if count >= recipe.keep_aside:
            break
        aside.add(names[at])
        count += keys.count(names[at])
    parts = [[n for n, key in enumerate(keys) if (key in aside) is kept] for kept in (False, True)]
    if len(parts[0]) < 2:
        raise InputError(
            f"data.keep_aside: {recipe.keep_aside} of the {len(whole)} posts of {recipe.train} leave none to train on"
        )
    return parts[0], parts[1]
