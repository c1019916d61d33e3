"""Which files a model of each engine consists of."""

from collections.abc import Set as AbstractSet

from appliance.models.catalogue import Engine

VOSK_FILES = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/phones/word_boundary.int")
VOSK_STATIC_GRAPH = ("graph/HCLG.fst",)
# A graph composed while decoding, as the small models have it, comes in parts.
VOSK_DYNAMIC_GRAPH = ("graph/HCLr.fst", "graph/Gr.fst", "graph/disambig_tid.int")
VOSK_IVECTOR = (
    "ivector/final.dubm",
    "ivector/final.ie",
    "ivector/final.mat",
    "ivector/global_cmvn.stats",
    "ivector/online_cmvn.conf",
    "ivector/splice.conf",
)
MOONSHINE_FILES = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")


def missing_files(engine: Engine, present: AbstractSet[str]) -> list[str]:
    """Name the files that a model of this engine needs and `present` (paths inside the model) lacks."""
    return [path for path in _required(engine, present) if path not in present]


def is_flat_vosk(present: AbstractSet[str]) -> bool:
    """Recognise the layout of Vosk models before 2020: everything in one folder."""
    return "final.mdl" in present and "am/final.mdl" not in present


def guess_engine(present: AbstractSet[str]) -> Engine:
    """Tell the engine from a file that only its models have."""
    return "moonshine" if MOONSHINE_FILES[0] in present else "vosk"


def _required(engine: Engine, present: AbstractSet[str]) -> tuple[str, ...]:
    if engine == "moonshine":
        return MOONSHINE_FILES
    graph = VOSK_STATIC_GRAPH if VOSK_STATIC_GRAPH[0] in present else VOSK_DYNAMIC_GRAPH
    # Kaldi can do without i-vectors, but not with half of them.
    ivector = VOSK_IVECTOR if any(path.startswith("ivector/") for path in present) else ()
    return (*VOSK_FILES, *graph, *ivector)
