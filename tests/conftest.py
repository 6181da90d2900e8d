"""Settings of every test: no model hub, and no hypothesis deadline on a busy machine."""

import os

from hypothesis import settings

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports huggingface_hub, which reads it once

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
