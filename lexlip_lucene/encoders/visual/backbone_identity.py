"""The identity of a backbone whose places are read: its tensors, and how it sees a picture.

Unlike the fingerprint of a whole tower it leaves out grid and views: they change nothing of the places.
"""

import hashlib

from lexlip_lucene.encoders.model.image_tower import ImageTower


def backbone_sha256(tower: ImageTower) -> str:
    """Return a hash of all that the places of a picture depend on."""
    spec = tower.spec
    digest = hashlib.sha256(f"{spec.backbone}{spec.arguments}{spec.identity}{spec.size}{spec.mean}{spec.std}".encode())
    for name, tensor in sorted(tower.backbone.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
