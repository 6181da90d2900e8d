"""A text network as data: the keys of a Hugging Face config that shape a masked-language model.

Keys that name code, a place, a kernel or a way to load (`auto_map`, `_name_or_path`, `attn_implementation`,
`quantization_config`) are not among those that may be set.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from lexlip_lucene.recipes.allowed import (
    FLAG,
    Values,
    either,
    list_of,
    mapping,
    number,
    one_of,
    or_list,
    require_allowed,
    whole,
)

MODEL_TYPES = (
    "albert",
    "bert",
    "camembert",
    "convbert",
    "deberta",
    "deberta-v2",
    "distilbert",
    "electra",
    "ernie",
    "megatron-bert",
    "modernbert",
    "mpnet",
    "rembert",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
)
"""Kinds of masked-language models that end in one linear layer over the vocabulary."""

_LAYERS, _WIDTH, _HEADS, _TOKEN = whole(1, 128), whole(1, 16384), whole(1, 256), whole(-1, 10_000_000)
_RATE, _SCALE, _ROPE_THETA = number(0, 1), number(0, 1000), number(1, 1e9)
_ACTIVATION = one_of(
    "gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "quick_gelu", "relu", "silu", "swish", "tanh"
)
_ATTENTION_KIND = one_of("full_attention", "sliding_attention")
_ROPE = {"rope_type": one_of("default"), "rope_theta": _ROPE_THETA}

KEYS: dict[str, Values] = {
    "model_type": one_of(*MODEL_TYPES),
    "vocab_size": whole(1, 10_000_000),
    "hidden_size": _WIDTH,
    "embedding_size": _WIDTH,
    "input_embedding_size": _WIDTH,
    "output_embedding_size": _WIDTH,
    "intermediate_size": whole(1, 65536),
    "num_hidden_layers": _LAYERS,
    "num_attention_heads": _HEADS,
    "max_position_embeddings": whole(1, 65536),
    "type_vocab_size": whole(0, 1024),
    "position_embedding_type": one_of("absolute", "relative_key", "relative_key_query"),
    "hidden_act": _ACTIVATION,
    "hidden_dropout_prob": _RATE,
    "attention_probs_dropout_prob": _RATE,
    "layer_norm_eps": _RATE,
    "initializer_range": _SCALE,
    "tie_word_embeddings": FLAG,
    "pad_token_id": _TOKEN,
    "bos_token_id": _TOKEN,
    "eos_token_id": _TOKEN,
    "cls_token_id": _TOKEN,
    "sep_token_id": _TOKEN,
    # DistilBERT
    "dim": _WIDTH,
    "hidden_dim": whole(1, 65536),
    "n_layers": _LAYERS,
    "n_heads": _HEADS,
    "activation": _ACTIVATION,
    "dropout": _RATE,
    "attention_dropout": _RATE,
    "sinusoidal_pos_embds": FLAG,
    # ALBERT, ConvBERT, ERNIE, MPNet
    "num_hidden_groups": _LAYERS,
    "inner_group_num": _LAYERS,
    "head_ratio": whole(1, 256),
    "conv_kernel_size": whole(1, 63),
    "num_groups": whole(1, 256),
    "task_type_vocab_size": whole(1, 1024),
    "use_task_id": FLAG,
    "relative_attention_num_buckets": whole(1, 1024),
    # DeBERTa
    "relative_attention": FLAG,
    "max_relative_positions": whole(-1, 65536),
    "position_buckets": whole(-1, 65536),
    "position_biased_input": FLAG,
    "pos_att_type": or_list(one_of("c2p", "p2c", "p2p", "c2p|p2c", "p2c|c2p")),
    "share_att_key": FLAG,
    "norm_rel_ebd": one_of("none", "layer_norm"),
    "talking_head": FLAG,
    "attention_head_size": _WIDTH,
    "conv_act": _ACTIVATION,
    "conv_groups": whole(1, 256),
    "legacy": FLAG,
    # ModernBERT
    "hidden_activation": _ACTIVATION,
    "initializer_cutoff_factor": _SCALE,
    "norm_eps": _RATE,
    "norm_bias": FLAG,
    "attention_bias": FLAG,
    "mlp_bias": FLAG,
    "decoder_bias": FLAG,
    "embedding_dropout": _RATE,
    "mlp_dropout": _RATE,
    "layer_types": list_of(_ATTENTION_KIND),
    "local_attention": whole(1, 65536),
    "global_attn_every_n_layers": _LAYERS,
    "global_rope_theta": _ROPE_THETA,
    "local_rope_theta": _ROPE_THETA,
    "rope_parameters": either(
        mapping(_ROPE), mapping({"full_attention": mapping(_ROPE), "sliding_attention": mapping(_ROPE)})
    ),
}
"""Key of a Hugging Face config → its values."""

_OTHER_TASKS = """
    add_cross_attention architectures bad_words_ids begin_suppress_tokens chunk_size_feed_forward
    classifier_activation classifier_bias classifier_dropout classifier_dropout_prob classifier_pooling
    cross_attention_hidden_size decoder_start_token_id deterministic_flash_attn directionality diversity_penalty
    do_sample dtype early_stopping encoder_no_repeat_ngram_size exponential_decay_length_penalty finetuning_task
    forced_bos_token_id forced_eos_token_id gap_size gradient_checkpointing id2label is_decoder is_encoder_decoder
    label2id language length_penalty max_length min_length net_structure_type no_repeat_ngram_size num_beam_groups
    num_beams num_memory_blocks num_return_sequences output_attentions output_hidden_states output_past
    output_scores pooler_dropout pooler_fc_size pooler_hidden_act pooler_hidden_size pooler_num_attention_heads
    pooler_num_fc_layers pooler_size_per_head pooler_type prefix problem_type pruned_heads qa_dropout
    remove_invalid_values repad_logits_with_grad repetition_penalty return_dict return_dict_in_generate
    seq_classif_dropout sparse_pred_ignore_index sparse_prediction summary_activation summary_last_dropout
    summary_type summary_use_proj suppress_tokens task_specific_params temperature tf_legacy_loss
    tie_encoder_decoder tie_weights_ tokenizer_class top_k top_p torch_dtype torchscript transformers_version
    typical_p use_bfloat16 use_cache
"""

OF_NO_EFFECT = frozenset(_OTHER_TASKS.split())
"""Keys that transformers writes beside those, of other tasks than this one: they are left out of what it gets."""


def shaping(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a whole Hugging Face config that shapes the network; its values are not looked at."""
    return {key: value for key, value in config.items() if key in KEYS}


def allowed(architecture: Mapping[str, Any]) -> dict[str, Any]:
    """Return `architecture` without keys of no effect; raise ValueError for one with a key or value it may not have."""
    kept = {key: value for key, value in architecture.items() if key not in OF_NO_EFFECT}
    require_allowed(kept, KEYS, "key of a text network's config")
    return kept


Architecture = Annotated[dict[str, Any], AfterValidator(allowed)]
"""Keys and values of `KEYS`; those of `OF_NO_EFFECT` are dropped."""
