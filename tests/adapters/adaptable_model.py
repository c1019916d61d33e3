"""A small model with the layout and the features of a real Vosk model: a telephone front fits it."""

import numpy as np

from appliance.models.kaldi import write_acoustic_model, write_matrix_file, write_statistics
from tests.adapters.tiny_model import tiny_files
from tests.models.kaldi_models import acoustic_model

CONF = b"--use-energy=false\n--num-mel-bins=40\n--num-ceps=40\n--low-freq=20\n--high-freq=7600\n"
FILES = tiny_files() | {
    "am/final.mdl": write_acoustic_model(acoustic_model()),
    "conf/mfcc.conf": CONF,
    "ivector/final.mat": write_matrix_file(np.ones((40, 281))),
    "ivector/global_cmvn.stats": write_statistics(np.ones((2, 41))).encode(),
    "ivector/splice.conf": b"--left-context=3\n--right-context=3\n",
}
