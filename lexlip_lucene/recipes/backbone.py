"""A backbone as data: a name of timm, arguments that shape it, modules that are left out.

Arguments that load (`checkpoint_path`, `pretrained…`, `cache_dir`), that change what comes out (`features_only`,
`num_classes`) or that name a class or function are not among those that may be set.
"""

import re
import reprlib
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from lexlip_lucene.recipes.allowed import FLAG, Values, number, one_of, or_list, require_allowed, whole

LARGEST_PICTURE = 4096
"""Pixels of a side."""

_LAYERS, _WIDTH, _HEADS, _SIDE = whole(0, 128), whole(1, 16384), whole(1, 256), whole(1, LARGEST_PICTURE)
_RATE, _FACTOR = number(0, 1), number(0, 64)

ARGUMENTS: dict[str, Values] = {
    # transformers
    "img_size": or_list(_SIDE),
    "patch_size": or_list(whole(1, 256)),
    "embed_dim": or_list(_WIDTH),
    "embed_dims": or_list(_WIDTH),
    "depth": or_list(_LAYERS),
    "depths": or_list(_LAYERS),
    "num_heads": or_list(_HEADS),
    "num_kv_heads": _HEADS,
    "head_dim": or_list(_WIDTH),
    "mlp_ratio": or_list(_FACTOR),
    "mlp_ratios": or_list(_FACTOR),
    "window_size": or_list(whole(1, 256)),
    "init_values": number(0, 100),
    "reg_tokens": whole(0, 64),
    "num_reg_tokens": whole(0, 64),
    "pos_embed": one_of("", "none", "learn"),
    "global_pool": one_of("", "avg", "max", "avgmax", "token", "map"),
    "qkv_bias": FLAG,
    "qk_norm": FLAG,
    "proj_bias": FLAG,
    "class_token": FLAG,
    "no_embed_class": FLAG,
    "pre_norm": FLAG,
    "final_norm": FLAG,
    "fc_norm": FLAG,
    "use_fc_norm": FLAG,
    "swiglu_mlp": FLAG,
    "scale_mlp": FLAG,
    "use_abs_pos_emb": FLAG,
    "use_rel_pos_bias": FLAG,
    "use_shared_rel_pos_bias": FLAG,
    "use_rot_pos_emb": FLAG,
    "dynamic_img_size": FLAG,
    "dynamic_img_pad": FLAG,
    "strict_img_size": FLAG,
    "always_partition": FLAG,
    # convolutions
    "layers": or_list(_LAYERS),
    "channels": or_list(_WIDTH),
    "dims": or_list(_WIDTH),
    "stem_width": _WIDTH,
    "stem_size": _WIDTH,
    "num_features": _WIDTH,
    "base_width": _WIDTH,
    "cardinality": whole(1, 1024),
    "kernel_sizes": or_list(whole(1, 63)),
    "stem_type": one_of("", "deep", "deep_tiered", "patch", "overlap", "overlap_tiered", "overlap_act"),
    "pad_type": one_of("", "same", "valid"),
    "output_stride": whole(1, 64),
    "channel_multiplier": _FACTOR,
    "depth_multiplier": _FACTOR,
    "ls_init_value": number(0, 100),
    "bn_eps": _RATE,
    "bn_momentum": _RATE,
    "avg_down": FLAG,
    "replace_stem_pool": FLAG,
    "fix_stem": FLAG,
    "conv_mlp": FLAG,
    "conv_bias": FLAG,
    "use_grn": FLAG,
    "zero_init_last": FLAG,
    # training
    "drop_rate": _RATE,
    "drop_path_rate": _RATE,
    "attn_drop_rate": _RATE,
    "proj_drop_rate": _RATE,
    "pos_drop_rate": _RATE,
    "patch_drop_rate": _RATE,
}
"""Argument of `timm.create_model` → its values."""

_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?")


def _named_in_timm(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"a name of timm is needed, such as vit_small_patch16_224, and no address of a hub, URL or path; got "
            f"{reprlib.repr(name)}"
        )
    return name


def _allowed(arguments: dict[str, Any]) -> dict[str, Any]:
    require_allowed(arguments, ARGUMENTS, "argument of a backbone")
    return arguments


BackboneName = Annotated[str, AfterValidator(_named_in_timm)]
"""A name in timm's registry, which may have a tag of weights; a name that timm does not know is refused by timm."""

BackboneArguments = Annotated[dict[str, Any], AfterValidator(_allowed)]
"""Keys and values of `ARGUMENTS`."""

ModuleName = Annotated[str, Field(pattern=r"^\w+(\.\w+)*$", max_length=200)]
"""The place of a module in a network: `blocks.0.0.bn1.act`."""
