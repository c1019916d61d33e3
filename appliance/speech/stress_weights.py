"""The weights of the model of stress.

Written by `python -m appliance.speech.fit EMODB FILE`, not by hand.

Fitted to EmoDB (Burkhardt et al., 2005) and nothing else: 420 recordings of 10 speakers,
anger against boredom, happiness, neutral, sadness, at equal levels, over 4 telephone lines each
(300-3400 Hz, 8 kHz, mu-law), whole, their beginnings and their ends.
Logistic regression, quadratic penalty 100.
Each measure has its mean, its scale and its weight; the bias stands as the weight of "bias".
"""

from typing import Final

Table = dict[str, tuple[float, float, float]]

POPULATION: Final[Table] = {
    "pitch_low": (10.0038, 6.6733, 0.6410),
    "pitch_median": (12.3712, 6.9261, 0.3917),
    "level_spread": (8.4290, 0.8584, 0.2314),
    "run_length": (1.2573, 0.3999, -0.6100),
    "alpha_high": (-3.1601, 5.4281, 0.6929),
    "flux": (3.5593, 0.5486, 0.7106),
    "cepstrum_3": (1.6533, 2.0363, -0.4241),
    "cepstrum_4": (0.7060, 1.4279, -0.5477),
    "cepstrum_7": (0.3655, 0.9194, -0.3345),
    "cepstrum_1_spread": (4.0682, 1.1601, 0.2848),
    "cepstrum_2_spread": (4.5063, 1.4354, 0.4814),
    "cepstrum_5_spread": (2.4543, 0.6470, 0.3448),
    "cepstrum_6_spread": (1.9581, 0.5874, 0.2130),
    "cepstrum_1_rest": (3.0344, 2.9973, -0.2513),
    "cepstrum_2_rest": (0.6545, 2.1702, -0.2700),
    "cepstrum_3_rest": (1.0201, 1.5453, -0.2252),
    "cepstrum_5_rest": (-0.0103, 0.9879, 0.4961),
    "cepstrum_7_rest": (0.1063, 0.7004, -0.0637),
    "bias": (0.0, 1.0, 0.0292),
}

OWN: Final[Table] = {
    "pitch_low": (4.6687, 5.8813, 0.8094),
    "pitch_median": (4.7058, 6.1429, 0.5368),
    "level_spread": (0.0875, 0.8397, 0.2123),
    "run_length": (0.0667, 0.3749, -0.3730),
    "alpha_high": (3.9734, 5.2259, 0.5113),
    "flux": (0.2178, 0.5424, 0.7639),
    "cepstrum_3": (-1.0081, 1.9800, -0.3841),
    "cepstrum_4": (-0.8222, 1.4439, -0.5743),
    "cepstrum_7": (-0.0451, 0.8433, -0.2916),
    "cepstrum_1_spread": (0.2283, 1.1562, 0.0335),
    "cepstrum_2_spread": (0.5726, 1.4125, 0.6165),
    "cepstrum_5_spread": (0.0671, 0.6433, 0.0899),
    "cepstrum_6_spread": (0.2295, 0.6192, 0.0011),
    "cepstrum_1_rest": (-1.6723, 2.5945, -0.3562),
    "cepstrum_2_rest": (-1.2014, 2.1659, -0.1157),
    "cepstrum_3_rest": (-0.5049, 1.4738, -0.2650),
    "cepstrum_5_rest": (-0.0867, 0.8286, 0.3338),
    "cepstrum_7_rest": (-0.0290, 0.5506, -0.2898),
    "bias": (0.0, 1.0, 0.0819),
}
